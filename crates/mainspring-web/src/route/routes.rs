//! The finished table of routes.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::Method;

use super::absent::{MethodNotAllowed, NotFound, Options};
use super::demands::{Demands, States};
use super::error::{Fault, Kind, RouteError, label};
use super::fixed::Fixed;
use super::handler::Endpoint;
use super::rules::Rules;
use crate::http1::{Head, Span};
use crate::middleware::{Layer, around};
use crate::request::Params;

/// A route as it was added to the app; in the table, with the app's middlewares around its endpoint.
#[derive(Clone)]
pub(crate) struct Route {
    /// `None` answers every method.
    pub(crate) method: Option<Method>,
    pub(crate) pattern: String,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) demands: Arc<Demands>,
    pub(crate) rules: Rules,
    pub(crate) place: &'static Location<'static>,
}

/// The table of an app's routes, built by [`App::build`](crate::App::build); immutable and shared.
pub struct Routes {
    /// Beats the tree: a path without parameters is the better match.
    fixed: Fixed,
    tree: matchit::Router<usize>,
    patterns: Vec<Pattern>,
    states: States,
    /// Answers what no pattern matches.
    fallback: Arc<dyn Endpoint>,
    /// Answers `OPTIONS *`.
    options: Arc<dyn Endpoint>,
}

/// A path pattern and the methods it knows.
struct Pattern {
    text: String,
    names: Vec<Box<str>>,
    methods: Vec<Route>,
    /// Answers methods that are not known.
    refusal: Arc<dyn Endpoint>,
    /// Answers `OPTIONS` when no handler does.
    options: Arc<dyn Endpoint>,
}

/// What the table says about a request.
#[derive(Debug)]
pub(crate) struct Found {
    kind: FoundKind,
    pub(crate) params: Params,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundKind {
    /// The route's handler answers; the index of the method under the pattern.
    Handler(usize),
    /// The path is known, the method is not.
    MethodNotAllowed,
    /// `OPTIONS` that no handler answers.
    Options,
    /// The path is unknown.
    Nothing,
}

impl Found {
    fn nothing(kind: FoundKind) -> Self {
        Self { kind, params: Params { pattern: usize::MAX, values: Vec::new() } }
    }
}

impl Routes {
    pub(crate) fn build(
        routes: &[Route],
        states: States,
        layers: &[Arc<dyn Layer>],
    ) -> Result<Self, RouteError> {
        let mut table = Self {
            fixed: Fixed::default(),
            tree: matchit::Router::new(),
            patterns: Vec::new(),
            states,
            fallback: around(layers, Arc::new(NotFound)),
            options: around(layers, Arc::new(Options::everything())),
        };
        let faults: Vec<Fault> = routes.iter().filter_map(|route| table.add(route, layers).err()).collect();
        if !faults.is_empty() {
            return Err(RouteError(faults));
        }
        for pattern in &mut table.patterns {
            let allow = allow(&pattern.methods);
            pattern.refusal = around(layers, Arc::new(MethodNotAllowed { allow: allow.clone() }));
            pattern.options = around(layers, Arc::new(Options { allow: Some(allow) }));
        }
        let patterns = table.patterns.iter().enumerate();
        let plain = patterns.filter(|(_, pattern)| !pattern.text.contains(['{', '}']));
        table.fixed = Fixed::new(plain.map(|(index, pattern)| (pattern.text.as_str(), index)));
        Ok(table)
    }

    fn add(&mut self, route: &Route, layers: &[Arc<dyn Layer>]) -> Result<(), Fault> {
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
        let endpoint = around(layers, Arc::clone(&route.endpoint));
        pattern.methods.push(Route { endpoint, ..route.clone() });
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
        let (refusal, options) = (Arc::clone(&self.fallback), Arc::clone(&self.options));
        self.patterns.push(Pattern {
            text: pattern.to_owned(),
            names,
            methods: Vec::new(),
            refusal,
            options,
        });
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
            Err(_) if head.path() == "*" => Found::nothing(FoundKind::Options),
            Err(_) => Found::nothing(FoundKind::Nothing),
        }
    }

    #[inline]
    fn method(&self, index: usize, values: impl FnOnce() -> Vec<Span>, head: &Head) -> Found {
        let Some(pattern) = self.patterns.get(index) else { return Found::nothing(FoundKind::Nothing) };
        let kind = match pattern.method(head.method()) {
            Some(method) => FoundKind::Handler(method),
            None if *head.method() == Method::OPTIONS => FoundKind::Options,
            None => FoundKind::MethodNotAllowed,
        };
        Found { kind, params: Params { pattern: index, values: values() } }
    }

    /// Who answers what was found; somebody always does.
    #[inline]
    pub(crate) fn endpoint(&self, found: &Found) -> &dyn Endpoint {
        let pattern = self.patterns.get(found.params.pattern);
        match (found.kind, pattern) {
            (FoundKind::Handler(method), Some(pattern)) => {
                pattern.methods.get(method).map_or(&*self.fallback, |route| &*route.endpoint)
            }
            (FoundKind::MethodNotAllowed, Some(pattern)) => &*pattern.refusal,
            (FoundKind::Options, Some(pattern)) => &*pattern.options,
            (FoundKind::Options, None) => &*self.options,
            _ => &*self.fallback,
        }
    }

    /// The rules of the route that was found; the server's own where none was.
    pub(crate) fn rules(&self, found: &Found) -> Rules {
        let FoundKind::Handler(method) = found.kind else { return Rules::default() };
        let pattern = self.patterns.get(found.params.pattern);
        pattern.and_then(|pattern| pattern.methods.get(method)).map(|route| route.rules).unwrap_or_default()
    }

    pub(crate) fn pattern(&self, index: usize) -> Option<&str> {
        self.patterns.get(index).map(|pattern| pattern.text.as_str())
    }

    pub(crate) fn names(&self, index: usize) -> &[Box<str>] {
        self.patterns.get(index).map(|pattern| pattern.names.as_slice()).unwrap_or_default()
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
        let patterns = self.patterns.iter().map(|pattern| (&pattern.text, allow(&pattern.methods)));
        f.debug_map().entries(patterns).finish()
    }
}
