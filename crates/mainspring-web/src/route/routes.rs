//! The finished table of routes.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::Method;

use super::demands::{Demands, States};
use super::error::{Fault, Kind, RouteError, label};
use super::fixed::Fixed;
use super::handler::Endpoint;
use crate::http1::{Head, Span};
use crate::request::Params;

/// A route as it was added to the app.
#[derive(Clone)]
pub(crate) struct Route {
    /// `None` answers every method.
    pub(crate) method: Option<Method>,
    pub(crate) pattern: String,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) demands: Arc<Demands>,
    pub(crate) place: &'static Location<'static>,
}

/// The table of an app's routes, built by [`App::build`](crate::App::build); immutable and shared.
pub struct Routes {
    /// Beats the tree: a path without parameters is the better match.
    fixed: Fixed,
    tree: matchit::Router<usize>,
    patterns: Vec<Pattern>,
    states: States,
}

/// A path pattern and the methods it knows.
struct Pattern {
    text: String,
    names: Vec<Box<str>>,
    methods: Vec<Route>,
    allow: String,
}

/// What the table says about a request.
#[derive(Debug)]
pub(crate) enum Found {
    /// The route's handler answers; the index of the method under the pattern.
    Handler { method: usize, params: Params },
    /// The path is known, the method is not; the index of the pattern, which has the `allow` line.
    MethodNotAllowed { pattern: usize },
    /// `OPTIONS` that no handler answers; without a pattern for `OPTIONS *`.
    Options { pattern: Option<usize> },
    /// The path is unknown.
    Nothing,
}

impl Routes {
    pub(crate) fn build(routes: &[Route], states: States) -> Result<Self, RouteError> {
        let mut table =
            Self { fixed: Fixed::default(), tree: matchit::Router::new(), patterns: Vec::new(), states };
        let faults: Vec<Fault> = routes.iter().filter_map(|route| table.add(route).err()).collect();
        if !faults.is_empty() {
            return Err(RouteError(faults));
        }
        for pattern in &mut table.patterns {
            pattern.allow = allow(&pattern.methods);
        }
        let patterns = table.patterns.iter().enumerate();
        let plain = patterns.filter(|(_, pattern)| !pattern.text.contains(['{', '}']));
        table.fixed = Fixed::new(plain.map(|(index, pattern)| (pattern.text.as_str(), index)));
        Ok(table)
    }

    fn add(&mut self, route: &Route) -> Result<(), Fault> {
        let fault =
            |kind| Fault { kind, route: label(route.method.as_ref(), &route.pattern), place: route.place };
        if let Some(name) = route.demands.unmet(&self.states) {
            return Err(fault(Kind::NoState(name)));
        }
        if !route.pattern.starts_with('/') {
            return Err(fault(Kind::Malformed("a path starts with `/`".to_owned())));
        }
        let index = match self.patterns.iter().position(|pattern| pattern.text == route.pattern) {
            Some(index) => index,
            None => self.insert(&route.pattern).map_err(fault)?,
        };
        let Some(pattern) = self.patterns.get_mut(index) else { return Ok(()) };
        if let Some(twin) = pattern.methods.iter().find(|other| other.method == route.method) {
            let with = label(twin.method.as_ref(), &twin.pattern);
            return Err(fault(Kind::Conflict { with, place: twin.place }));
        }
        pattern.methods.push(route.clone());
        // The catch-all stands last, so that the first match is the best one.
        pattern.methods.sort_by_key(|route| route.method.is_none());
        Ok(())
    }

    fn insert(&mut self, pattern: &str) -> Result<usize, Kind> {
        let index = self.patterns.len();
        match self.tree.insert(pattern, index) {
            Ok(()) => {}
            Err(matchit::InsertError::Conflict { with }) => return Err(self.conflict(with)),
            Err(error) => return Err(Kind::Malformed(error.to_string())),
        }
        let names = names(pattern);
        let (text, methods, allow) = (pattern.to_owned(), Vec::new(), String::new());
        self.patterns.push(Pattern { text, names, methods, allow });
        Ok(index)
    }

    fn conflict(&self, with: String) -> Kind {
        let twin = self.patterns.iter().find(|pattern| pattern.text == with);
        match twin.and_then(|pattern| pattern.methods.first()) {
            Some(route) => Kind::Conflict { with: label(route.method.as_ref(), &with), place: route.place },
            None => Kind::Malformed(format!("it conflicts with `{with}`")),
        }
    }

    /// Looks a request up.
    #[inline]
    pub(crate) fn find(&self, head: &Head) -> Found {
        match self.fixed.find(head.path_bytes()) {
            Some(index) => self.method(index, Vec::new, head),
            None => self.walk(head),
        }
    }

    fn walk(&self, head: &Head) -> Found {
        match self.tree.at(head.path()) {
            Ok(found) => self.method(*found.value, || spans(&found.params, head), head),
            Err(_) if head.path() == "*" => Found::Options { pattern: None },
            Err(_) => Found::Nothing,
        }
    }

    #[inline]
    fn method(&self, index: usize, values: impl FnOnce() -> Vec<Span>, head: &Head) -> Found {
        let Some(pattern) = self.patterns.get(index) else { return Found::Nothing };
        let Some(method) = pattern.method(head.method()) else {
            return if *head.method() == Method::OPTIONS {
                Found::Options { pattern: Some(index) }
            } else {
                Found::MethodNotAllowed { pattern: index }
            };
        };
        Found::Handler { method, params: Params { pattern: index, values: values() } }
    }

    #[inline]
    pub(crate) fn endpoint(&self, params: &Params, method: usize) -> Option<&dyn Endpoint> {
        Some(&*self.patterns.get(params.pattern)?.methods.get(method)?.endpoint)
    }

    pub(crate) fn pattern(&self, index: usize) -> Option<&str> {
        self.patterns.get(index).map(|pattern| pattern.text.as_str())
    }

    pub(crate) fn names(&self, index: usize) -> &[Box<str>] {
        self.patterns.get(index).map(|pattern| pattern.names.as_slice()).unwrap_or_default()
    }

    /// The value of the `allow` header of a pattern.
    pub(crate) fn allow(&self, index: usize) -> &str {
        self.patterns.get(index).map(|pattern| pattern.allow.as_str()).unwrap_or_default()
    }

    pub(crate) fn state<T: 'static>(&self) -> Option<&T> {
        self.states.find()
    }
}

impl Pattern {
    #[inline]
    fn method(&self, method: &Method) -> Option<usize> {
        let position = |wanted: &Method| {
            self.methods.iter().position(|route| route.method.as_ref().is_none_or(|known| known == wanted))
        };
        match position(method) {
            None if *method == Method::HEAD => position(&Method::GET),
            found => found,
        }
    }
}

/// The names in a pattern, in order: `{name}` and `{*name}`, while `{{` and `}}` are plain braces.
fn names(pattern: &str) -> Vec<Box<str>> {
    let plain = pattern.replace("{{", "").replace("}}", "");
    let parts = plain.split('{').skip(1);
    parts.filter_map(|part| Some(part.split_once('}')?.0.trim_start_matches('*').into())).collect()
}

fn spans(params: &matchit::Params<'_, '_>, head: &Head) -> Vec<Span> {
    let base = head.bytes.as_ptr() as usize;
    let span = |value: &str| {
        let start = (value.as_ptr() as usize).wrapping_sub(base);
        Span::new(start, start + value.len())
    };
    params.iter().map(|(_, value)| span(value)).collect()
}

fn allow(routes: &[Route]) -> String {
    let mut names: Vec<&str> =
        routes.iter().filter_map(|route| Some(route.method.as_ref()?.as_str())).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    if !names.contains(&"OPTIONS") {
        names.push("OPTIONS");
    }
    names.sort_unstable();
    names.join(", ")
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.patterns.iter().map(|pattern| (&pattern.text, &pattern.allow));
        f.debug_map().entries(patterns).finish()
    }
}
