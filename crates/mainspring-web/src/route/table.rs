//! The routes of one host, or of all.

use http::Method;

use super::fixed::Fixed;
use super::host::Host;
use super::routes::{Found, FoundKind, Known, Routes};
use super::scope::Scope;
use super::slashes::Slashes;
use super::tree::{Lenience, Tree};
use crate::http1::{Head, Span};
use crate::request::Params;

/// The patterns of one host, or of all.
pub(super) struct Table {
    pub(super) host: Option<Host>,
    /// Beats the tree: a path without parameters is the better match.
    fixed: Fixed,
    /// What goes into `fixed`.
    pub(super) plain: Vec<usize>,
    pub(super) tree: Tree,
    /// Which app answers what no pattern matches.
    pub(super) scopes: Tree,
}

impl Table {
    pub(super) fn new(host: Option<Host>) -> Self {
        Self { host, fixed: Fixed::default(), plain: Vec::new(), tree: Tree::new(), scopes: Tree::new() }
    }

    /// Prepares the table for requests.
    pub(super) fn finish(&mut self, patterns: &[Known]) {
        let plain =
            self.plain.iter().filter_map(|index| Some((&*patterns.get(*index)?.pattern.text, *index)));
        self.fixed = Fixed::new(plain);
        self.tree.finish();
        self.scopes.finish();
    }

    #[inline]
    pub(super) fn find(&self, routes: &Routes, head: &Head) -> Option<Found> {
        if let Some(index) = self.fixed.find(head.path_bytes())
            && let Some(known) = routes.patterns.get(index)
            && let Some((method, scope)) = known.method(head.method())
        {
            let params = Params { pattern: index, scope, values: Vec::new() };
            return Some(Found { kind: FoundKind::Handler(method), params });
        }
        self.walk(routes, head)
    }

    fn walk(&self, routes: &Routes, head: &Head) -> Option<Found> {
        let mut other = None;
        let mut found = None;
        let base = head.path_start() as usize;
        self.tree.walk(head.path_bytes(), base, Lenience::NONE, |index, values| {
            let Some(known) = routes.patterns.get(index) else { return false };
            let (method, scope) = match known.method(head.method()) {
                Some(method) => method,
                None => {
                    other.get_or_insert_with(|| (index, known.scope(), values.clone()));
                    return false;
                }
            };
            let params = Params { pattern: index, scope, values: std::mem::take(values) };
            found = Some(Found { kind: FoundKind::Handler(method), params });
            true
        });
        found.or_else(|| self.without_handler(routes, head, other))
    }

    /// No handler answers: what else there is to say. `other` is a pattern that does not know the method.
    #[cold]
    fn without_handler(
        &self,
        routes: &Routes,
        head: &Head,
        other: Option<(usize, u32, Vec<Span>)>,
    ) -> Option<Found> {
        if let Some((pattern, scope, values)) = other {
            let options = *head.method() == Method::OPTIONS;
            let kind = if options { FoundKind::Options } else { FoundKind::MethodNotAllowed };
            return Some(Found { kind, params: Params { pattern, scope, values } });
        }
        if routes.lenient
            && let Some((found, _)) = self.forgive(routes, head)
        {
            return Some(found);
        }
        let mut scope = None;
        self.scopes.walk(head.path_bytes(), 0, Lenience::NONE, |index, _| {
            scope = Some(index);
            true
        });
        scope.map(|scope| Found::without_route(FoundKind::Nothing, scope))
    }

    /// What is found when slashes are forgiven as far as the route's app does, and the path with them put right.
    pub(super) fn forgive(&self, routes: &Routes, head: &Head) -> Option<(Found, String)> {
        let base = head.path_start() as usize;
        Lenience::ALL.into_iter().skip(1).find_map(|lenience| {
            let mut found = None;
            self.tree.walk(head.path_bytes(), base, lenience, |index, values| {
                let Some(known) = routes.patterns.get(index) else { return false };
                let method = known.method(head.method());
                let scope = method.map_or_else(|| known.scope(), |(_, scope)| scope);
                let Some(Scope { slashes, merge_slashes, .. }) = routes.scopes.get(scope as usize) else {
                    return false;
                };
                if (lenience.end && *slashes == Slashes::Strict) || (lenience.merge && !merge_slashes) {
                    return false;
                }
                let kind = match method {
                    _ if *slashes != Slashes::Ignore => FoundKind::Redirect,
                    Some((method, _)) => FoundKind::Handler(method),
                    None if *head.method() == Method::OPTIONS => FoundKind::Options,
                    None => FoundKind::MethodNotAllowed,
                };
                let params = Params { pattern: index, scope, values: std::mem::take(values) };
                found = Some(Found { kind, params });
                true
            });
            Some((found?, corrected(head.path(), lenience)))
        })
    }
}

/// A path with its slashes put right.
fn corrected(path: &str, lenience: Lenience) -> String {
    let mut text = String::with_capacity(path.len() + 1);
    for char in path.chars() {
        if !(lenience.merge && char == '/' && text.ends_with('/')) {
            text.push(char);
        }
    }
    if lenience.end && !(text.len() > 1 && text.ends_with('/') && text.pop().is_some()) {
        text.push('/');
    }
    text
}
