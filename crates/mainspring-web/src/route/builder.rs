//! Puts the routes of an app and of those nested in it into one table.

use std::any::TypeId;
use std::panic::Location;
use std::sync::Arc;

use super::error::{Fault, Kind, RouteError, label};
use super::host::Host;
use super::methods::Answer;
use super::pattern::Pattern;
use super::route::Route;
use super::routes::{Entry, Known, Routes};
use super::scope::Scope;
use super::slashes::Slashes;
use super::states::States;
use super::table::Table;
use super::tree::Refused;
use crate::middleware::{Layer, around};

/// The table while it grows.
pub(crate) struct Builder {
    routes: Routes,
    faults: Vec<Fault>,
    /// Where a scope's fallback was set, to tell when there are two.
    fallbacks: Vec<Option<&'static Location<'static>>>,
}

/// What an app brings into its scope.
pub(crate) struct Around<'a> {
    pub(crate) parent: Option<usize>,
    /// Which part of the requests: below a prefix, of a host, or all.
    pub(crate) part: &'a Part,
    pub(crate) place: &'static Location<'static>,
    pub(crate) states: States,
    /// The types of the values that the startup gives.
    pub(crate) promised: Vec<TypeId>,
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    pub(crate) fallback: Option<&'a (Answer, &'static Location<'static>)>,
    pub(crate) slashes: Option<Slashes>,
    pub(crate) merge_slashes: Option<bool>,
}

/// The requests that a nested app answers.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Prefix(String),
    Host(String),
    /// No part of its own: its routes stand beside those of the app around it.
    All,
}

/// Where the routes of an app go: the index of its scope, and of its host's table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) scope: usize,
    table: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { routes: Routes::empty(), faults: Vec::new(), fallbacks: Vec::new() }
    }

    /// Opens the scope of an app; `outer` is the seat of the app around it.
    pub(crate) fn scope(&mut self, outer: Option<Seat>, around: Around<'_>) -> Seat {
        let index = self.routes.scopes.len();
        let parent = around.parent.and_then(|parent| self.routes.scopes.get(parent));
        let mut scope = Scope { parent: around.parent, names: index, ..Scope::root() };
        scope.types = around.states.types().chain(around.promised).collect();
        scope.states = around.states.clone();
        scope.own = around.states;
        if let Some(parent) = parent {
            scope.prefix.clone_from(&parent.prefix);
            scope.slashes = parent.slashes;
            scope.merge_slashes = parent.merge_slashes;
            scope.bare_fallback = Arc::clone(&parent.bare_fallback);
            scope.types.extend(&parent.types);
            scope.states = scope.states.over(&parent.states);
            scope.layers.clone_from(&parent.layers);
            if matches!(around.part, Part::All) {
                scope.names = parent.names;
            }
        }
        scope.layers.extend(around.layers);
        scope.slashes = around.slashes.unwrap_or(scope.slashes);
        scope.merge_slashes = around.merge_slashes.unwrap_or(scope.merge_slashes);
        if let Some((answer, place)) = around.fallback {
            scope.bare_fallback = Arc::clone(&answer.endpoint);
            if let Some(name) = answer.demands.unmet(&scope.types) {
                self.fault(Kind::NoState(name), "the fallback".to_owned(), place);
            }
        }
        scope.surround();
        self.routes.lenient |= scope.slashes != Slashes::Strict || scope.merge_slashes;
        self.routes.scopes.push(scope);
        self.fallbacks.push(around.fallback.map(|(_, place)| *place));
        let table = outer.map_or(0, |outer| outer.table);
        match around.part {
            Part::Prefix(prefix) => self.prefix(index, table, prefix, around.place),
            Part::Host(host) => self.host(index, table, host, around.place),
            Part::All => {
                self.merge_fallback(index);
                Seat { scope: index, table }
            }
        }
    }

    /// The fallback of a merged app serves the app that it is merged into.
    fn merge_fallback(&mut self, index: usize) {
        let Some(place) = self.fallbacks.get(index).copied().flatten() else { return };
        let Some(scope) = self.routes.scopes.get(index) else { return };
        let Some(parent) = scope.parent else { return };
        let fallback = Arc::clone(&scope.fallback);
        let bare = Arc::clone(&scope.bare_fallback);
        match self.fallbacks.get_mut(parent) {
            Some(Some(with)) => {
                let kind = Kind::Conflict { with: "the fallback".to_owned(), place: with };
                self.fault(kind, "the fallback".to_owned(), place);
            }
            Some(none) => {
                *none = Some(place);
                if let Some(parent) = self.routes.scopes.get_mut(parent) {
                    parent.fallback = fallback;
                    parent.bare_fallback = bare;
                }
            }
            None => {}
        }
    }

    fn prefix(
        &mut self,
        index: usize,
        table: usize,
        prefix: &str,
        place: &'static Location<'static>,
    ) -> Seat {
        let seat = Seat { scope: index, table };
        let text = prefix.trim_end_matches('/');
        let label = format!("nest {prefix}");
        if text.is_empty() {
            self.fault(
                Kind::Malformed("the prefix is empty; `merge` puts routes beside each other".into()),
                label,
                place,
            );
            return seat;
        }
        let Some(scope) = self.routes.scopes.get_mut(index) else { return seat };
        scope.prefix.push_str(text);
        let prefix = scope.prefix.clone();
        match Pattern::parse(&prefix) {
            Err(why) => self.fault(Kind::Malformed(why), label, place),
            Ok(pattern) if pattern.has_tail() => {
                self.fault(Kind::Malformed("a prefix cannot end in a tail".to_owned()), label, place);
            }
            Ok(_) => self.below(index, table, &prefix),
        }
        seat
    }

    fn host(&mut self, index: usize, table: usize, host: &str, place: &'static Location<'static>) -> Seat {
        let label = format!("host {host}");
        if table != 0 {
            self.fault(Kind::Malformed("a host within a host answers nothing".to_owned()), label, place);
            return Seat { scope: index, table };
        }
        let host = match Host::parse(host) {
            Ok(host) => host,
            Err(why) => {
                self.fault(Kind::Malformed(why), label, place);
                return Seat { scope: index, table };
            }
        };
        let prefix = self.routes.scopes.get(index).map(|scope| scope.prefix.clone()).unwrap_or_default();
        // Two apps may share a host: below different prefixes.
        let table = match self.routes.tables.iter().position(|table| table.host.as_ref() == Some(&host)) {
            Some(table) => table,
            None => {
                self.routes.tables.push(Table::new(Some(host)));
                self.routes.tables.len() - 1
            }
        };
        self.below(index, table, &prefix);
        Seat { scope: index, table }
    }

    /// What no route answers below a prefix is the scope's.
    fn below(&mut self, scope: usize, table: usize, prefix: &str) {
        let Some(table) = self.routes.tables.get_mut(table) else { return };
        for end in ["", "/", "/{*rest}"] {
            let Ok(pattern) = Pattern::parse(&format!("{prefix}{end}")) else { continue };
            // The first of several apps at one place answers what none of them knows.
            let _taken = table.scopes.insert(&pattern, scope);
        }
    }

    /// Adds a route of the app at this seat.
    pub(crate) fn add(&mut self, seat: Seat, route: &Route) {
        let Some(scope) = self.routes.scopes.get(seat.scope) else { return };
        let prefix = scope.prefix.clone();
        let own = route.pattern.as_str();
        if !own.starts_with('/') {
            let why = Kind::Malformed("a path starts with `/`".to_owned());
            let method = route.answers.first().and_then(|answer| answer.method.as_ref());
            return self.fault(why, label(method, own), route.place);
        }
        let nested_root = own == "/" && !prefix.is_empty();
        let mut patterns = vec![if nested_root { prefix.clone() } else { format!("{prefix}{own}") }];
        if nested_root {
            patterns.push(format!("{prefix}/"));
        }
        if route.below {
            let base = format!("{prefix}{}", own.trim_end_matches('/'));
            patterns = vec![base.clone(), format!("{base}/"), format!("{base}/{{*rest}}")];
            patterns.retain(|pattern| !pattern.is_empty());
        }
        let faults = self.faults.len();
        for (nth, pattern) in patterns.iter().enumerate() {
            if let Some(known) = self.known(seat, route, pattern) {
                self.answers(seat, route, known);
                if nth == 0 {
                    self.name(seat, route, known);
                }
            }
            if self.faults.len() > faults {
                // The other spellings of the route have the same faults.
                return;
            }
        }
    }

    /// The index of a pattern; the pattern is new or the very same.
    fn known(&mut self, seat: Seat, route: &Route, text: &str) -> Option<usize> {
        let method = route.answers.first().and_then(|answer| answer.method.clone());
        let label = label(method.as_ref(), text);
        let pattern = match Pattern::parse(text) {
            Ok(pattern) => pattern,
            Err(why) => {
                self.fault(Kind::Malformed(why), label, route.place);
                return None;
            }
        };
        let index = self.routes.patterns.len();
        let table = self.routes.tables.get_mut(seat.table)?;
        match table.tree.insert(&pattern, index) {
            Ok(()) => {
                if pattern.is_plain() {
                    table.plain.push(index);
                }
                self.routes.patterns.push(Known { pattern, entries: Vec::new() });
                Some(index)
            }
            Err(Refused::Malformed(why)) => {
                self.fault(Kind::Malformed(why), label, route.place);
                None
            }
            Err(Refused::Taken(twin)) => {
                let known = self.routes.patterns.get(twin)?;
                if known.pattern.names == pattern.names {
                    return Some(twin);
                }
                let entry = known.entries.first()?;
                let kind = entry.conflict(&known.pattern.text);
                self.fault(kind, label, route.place);
                None
            }
        }
    }

    fn answers(&mut self, seat: Seat, route: &Route, index: usize) {
        let Some(scope) = self.routes.scopes.get(seat.scope) else { return };
        let Some(known) = self.routes.patterns.get_mut(index) else { return };
        let layers: Vec<_> = scope.layers.iter().cloned().chain(route.layers()).collect();
        let text = known.pattern.text.clone();
        let fault = |kind, method| Fault { kind, route: label(method, &text), place: route.place };
        for Answer { method, endpoint, demands } in &route.answers {
            if let Some(name) = demands.unmet(&scope.types) {
                self.faults.push(fault(Kind::NoState(name), method.as_ref()));
            }
            if let Some(twin) = known.entries.iter().find(|entry| entry.method == *method) {
                self.faults.push(fault(twin.conflict(&text), method.as_ref()));
                continue;
            }
            known.entries.push(Entry {
                method: method.clone(),
                endpoint: around(&layers, Arc::clone(endpoint)),
                rules: route.rules,
                scope: seat.scope as u32,
                name: route.name.as_deref().map(Into::into),
                place: route.place,
            });
        }
        if route.answers.is_empty() {
            self.faults.push(fault(Kind::Malformed("it has no methods".to_owned()), None));
        }
        // The one for all methods stands last, so that the first match is the best one.
        known.entries.sort_by_key(|entry| entry.method.is_none());
    }

    fn name(&mut self, seat: Seat, route: &Route, index: usize) {
        let Some(name) = &route.name else { return };
        let Some(scope) = self.routes.scopes.get(seat.scope) else { return };
        let twin = self.routes.names.insert((scope.names, name.as_str().into()), index);
        let Some(twin) = twin.filter(|twin| *twin != index).and_then(|twin| self.routes.patterns.get(twin))
        else {
            return;
        };
        let Some(entry) = twin.entries.iter().find(|entry| entry.name.as_deref() == Some(name)) else {
            return;
        };
        let with = label(entry.method.as_ref(), &twin.pattern.text);
        let kind = Kind::Name { name: name.clone(), with, place: entry.place };
        let method = route.answers.first().and_then(|answer| answer.method.as_ref());
        self.fault(kind, label(method, &route.pattern), route.place);
    }

    fn fault(&mut self, kind: Kind, route: String, place: &'static Location<'static>) {
        self.faults.push(Fault { kind, route, place });
    }

    /// # Errors
    ///
    /// All faults that were found.
    pub(crate) fn finish(mut self) -> Result<Routes, RouteError> {
        if !self.faults.is_empty() {
            return Err(RouteError(self.faults));
        }
        self.routes.finish();
        Ok(self.routes)
    }
}

impl Entry {
    /// The fault of a route that would answer the same requests.
    fn conflict(&self, pattern: &str) -> Kind {
        Kind::Conflict { with: label(self.method.as_ref(), pattern), place: self.place }
    }
}
