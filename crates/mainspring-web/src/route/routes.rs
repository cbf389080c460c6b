//! The finished table of routes.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::Method;

use super::handler::Endpoint;
use super::host::Host;
use super::pattern::Pattern;
use super::rules::Rules;
use super::scope::Scope;
use super::states::States;
use super::table::Table;
use super::tree::Lenience;
use super::url::{Url, fault};
use crate::error::Error;
use crate::http1::Head;
use crate::request::Params;

/// The table of an app's routes, built by [`App::build`](crate::App::build); immutable and shared.
///
/// The routes of nested apps stand in the same table, so that depth costs nothing.
pub struct Routes {
    /// The first is for every host; those after it are tried before it, in order.
    pub(super) tables: Vec<Table>,
    pub(super) patterns: Vec<Known>,
    /// The apps; the first is around all others.
    pub(crate) scopes: Vec<Scope>,
    /// By the app and the name.
    pub(super) names: HashMap<(usize, Box<str>), usize>,
    /// Whether any app forgives slashes.
    pub(super) lenient: bool,
}

/// A path pattern and the methods it knows.
pub(super) struct Known {
    pub(super) pattern: Pattern,
    pub(super) entries: Vec<Entry>,
}

/// Who answers a method, with all middlewares around.
pub(super) struct Entry {
    /// `None` answers every method.
    pub(super) method: Option<Method>,
    pub(super) endpoint: Arc<dyn Endpoint>,
    pub(super) rules: Rules,
    pub(super) scope: u32,
    pub(super) name: Option<Box<str>>,
    pub(super) place: &'static Location<'static>,
}

/// What the table says about a request.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) kind: FoundKind,
    pub(crate) params: Params,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoundKind {
    /// The route's handler answers; the index of the method under the pattern.
    Handler(usize),
    /// The path is known, the method is not.
    MethodNotAllowed,
    /// `OPTIONS` that no handler answers.
    Options,
    /// The path is known with another slash.
    Redirect,
    /// The path is unknown.
    Nothing,
}

impl Found {
    pub(super) fn without_route(kind: FoundKind, scope: usize) -> Self {
        Self { kind, params: Params { pattern: usize::MAX, scope: scope as u32, values: Vec::new() } }
    }
}

impl Routes {
    pub(super) fn empty() -> Self {
        Self {
            tables: vec![Table::new(None)],
            patterns: Vec::new(),
            scopes: Vec::new(),
            names: HashMap::new(),
            lenient: false,
        }
    }

    pub(super) fn finish(&mut self) {
        for table in &mut self.tables {
            table.finish(&self.patterns);
        }
        // The first, which is for all hosts, stays the first.
        self.tables.sort_by_key(|table| table.host.as_ref().map(Host::rank));
    }

    /// Looks a request up.
    #[inline]
    pub(crate) fn find(&self, head: &Head) -> Found {
        let found = match self.tables.as_slice() {
            [all] => all.find(self, head),
            tables => self.find_by_host(tables, head),
        };
        found.unwrap_or_else(|| {
            let kind = if head.path() == "*" && *head.method() == Method::OPTIONS {
                FoundKind::Options
            } else {
                FoundKind::Nothing
            };
            Found::without_route(kind, 0)
        })
    }

    fn find_by_host(&self, tables: &[Table], head: &Head) -> Option<Found> {
        let mut found = self.hosted(tables, head).filter_map(|table| table.find(self, head));
        found.next().or_else(|| tables.first()?.find(self, head))
    }

    /// The tables of the host that a request asks for.
    fn hosted<'a>(&self, tables: &'a [Table], head: &Head) -> impl Iterator<Item = &'a Table> {
        let host = if tables.len() > 1 { Host::of(head) } else { None };
        tables.iter().filter(move |table| match (&table.host, &host) {
            (Some(own), Some(host)) => own.is_match(host),
            _ => false,
        })
    }

    /// Who answers what was found, and by which rules: somebody always does, without a route by the server's own.
    #[inline]
    pub(crate) fn answerer(&self, found: &Found) -> (&dyn Endpoint, Rules) {
        if let FoundKind::Handler(method) = found.kind
            && let Some(known) = self.patterns.get(found.params.pattern)
            && let Some(Entry { endpoint, rules, .. }) = known.entries.get(method)
        {
            return (&**endpoint, *rules);
        }
        (self.answer_of_scope(found), Rules::default())
    }

    fn answer_of_scope(&self, found: &Found) -> &dyn Endpoint {
        let Some(scope) = self.scopes.get(found.params.scope as usize) else {
            return &super::absent::NotFound;
        };
        match found.kind {
            FoundKind::MethodNotAllowed => &*scope.refusal,
            FoundKind::Options => &*scope.options,
            FoundKind::Redirect => &*scope.redirect,
            FoundKind::Nothing | FoundKind::Handler(_) => &*scope.fallback,
        }
    }

    /// The methods that a path knows, for `allow`.
    pub(super) fn allow(&self, head: &Head) -> String {
        let mut names = vec!["OPTIONS"];
        for table in self.hosted(&self.tables, head).chain(self.tables.first()) {
            let ways = if self.lenient { Lenience::ALL.as_slice() } else { &[Lenience::NONE] };
            for lenience in ways.iter().copied() {
                if names.len() > 1 {
                    break;
                }
                table.tree.walk(head.path_bytes(), 0, lenience, |pattern, _| {
                    let known = self.patterns.get(pattern).map(|known| known.entries.as_slice());
                    let methods = known.unwrap_or_default().iter().filter_map(|entry| entry.method.as_ref());
                    names.extend(methods.map(Method::as_str));
                    false
                });
            }
        }
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }

    /// Where a path that differs by a slash is sent to, query included.
    pub(super) fn location(&self, head: &Head) -> Option<String> {
        let hosted = self.hosted(&self.tables, head);
        let path = hosted.chain(self.tables.first()).find_map(|table| Some(table.forgive(self, head)?.1))?;
        // A client would read a host in a second slash.
        if !path.starts_with('/') || path[1..].starts_with(['/', '\\']) {
            return None;
        }
        Some(match head.query() {
            None => path,
            Some(query) => format!("{path}?{query}"),
        })
    }

    /// The path of the route with this name, its parameters filled in.
    ///
    /// A name is looked up in the app, then in the apps nested in it.
    ///
    /// # Errors
    ///
    /// When no route has the name, several nested apps have it, a parameter is missing or unknown, or a value
    /// cannot stand where it should. The message names it.
    pub fn url_for(&self, name: &str, params: &[(&str, &str)]) -> Result<Url, Error> {
        self.url_from(0, name, params)
    }

    /// As seen by the handlers of an app: its own names come first, then those of the apps around it.
    pub(crate) fn url_from(&self, scope: u32, name: &str, params: &[(&str, &str)]) -> Result<Url, Error> {
        let mut at = self.scopes.get(scope as usize);
        while let Some(scope) = at {
            if let Some(known) = self.named(scope.names, name) {
                return known.pattern.fill(params);
            }
            at = scope.parent.and_then(|parent| self.scopes.get(parent));
        }
        let mut named: Vec<&Known> =
            (0..self.scopes.len()).filter_map(|scope| self.named(scope, name)).collect();
        named.sort_by_key(|known| &known.pattern.text);
        match named.as_slice() {
            [] => Err(fault(format!("no route is called `{name}`"))),
            [known] => known.pattern.fill(params),
            [one, other, ..] => {
                let (one, other) = (&one.pattern.text, &other.pattern.text);
                Err(fault(format!("several routes are called `{name}`: `{one}` and `{other}`")))
            }
        }
    }

    fn named(&self, scope: usize, name: &str) -> Option<&Known> {
        self.patterns.get(*self.names.get(&(scope, name.into()))?)
    }

    pub(crate) fn pattern(&self, index: usize) -> Option<&str> {
        self.patterns.get(index).map(|known| &*known.pattern.text)
    }

    pub(crate) fn names(&self, index: usize) -> &[Box<str>] {
        self.patterns.get(index).map(|known| known.pattern.names.as_slice()).unwrap_or_default()
    }

    pub(crate) fn states(&self, scope: u32) -> Option<&States> {
        self.scopes.get(scope as usize).map(|scope| &scope.states)
    }
}

impl Known {
    /// The index of the entry for a method, and its scope.
    #[inline]
    pub(super) fn method(&self, method: &Method) -> Option<(usize, u32)> {
        let find = |wanted: &Method| {
            let mut entries = self.entries.iter().enumerate();
            entries.find_map(|(index, entry)| {
                let known = entry.method.as_ref().is_none_or(|known| known == wanted);
                known.then_some((index, entry.scope))
            })
        };
        match find(method) {
            None if *method == Method::HEAD => find(&Method::GET),
            found => found,
        }
    }

    pub(super) fn scope(&self) -> u32 {
        self.entries.first().map(|entry| entry.scope).unwrap_or_default()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.patterns.iter().map(|known| {
            let methods =
                known.entries.iter().map(|entry| entry.method.as_ref().map_or("any", Method::as_str));
            (&known.pattern.text, methods.collect::<Vec<_>>())
        });
        f.debug_map().entries(routes).finish()
    }
}
