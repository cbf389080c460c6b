//! The builder of an application.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::Method;

use crate::middleware::{Layer, Middleware};
use crate::route::{Demands, Handler, Route, RouteError, Routes, Rules, States, Typed};

/// An application: routes with their handlers, and the state they share.
///
/// A pattern is a path whose segments may be `{name}` (one segment) or, at the end, `{*name}` (all the
/// rest). A fixed segment beats a named one. `HEAD` is answered wherever `GET` is, `OPTIONS` everywhere;
/// an unknown path is 404, a known path with another method is 405 with `allow`.
///
/// Building never panics: faults of the routes are collected and come out of [`build`](Self::build), or of
/// the server's start, all at once and with their places in the code.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Json, Path};
///
/// async fn hello(Path(name): Path<String>) -> String {
///     format!("Hello, {name}!")
/// }
///
/// let app = App::new()
///     .get("/", || async { "Meow." })
///     .get("/hello/{name}", hello)
///     .post("/echo", |Json(value): Json<serde_json::Value>| async { Json(value) });
/// assert!(app.build().is_ok());
/// ```
///
/// Two routes for the same requests are told with both places:
///
/// ```
/// use mainspring_web::App;
///
/// let app = App::new().get("/cats/{id}", || async {}).get("/cats/{name}", || async {});
/// let error = app.build().unwrap_err();
/// assert!(error.is_conflict());
/// assert!(error.to_string().contains("`GET /cats/{name}`"));
/// ```
#[derive(Clone, Default)]
pub struct App {
    routes: Vec<Route>,
    states: States,
    layers: Vec<Arc<dyn Layer>>,
}

impl App {
    /// Makes an app without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route for one method.
    #[must_use]
    #[track_caller]
    pub fn route<M: 'static>(
        self,
        method: Method,
        pattern: impl Into<String>,
        handler: impl Handler<M>,
    ) -> Self {
        self.add(Some(method), pattern.into(), handler, Location::caller())
    }

    /// Adds a route for every method that has no route of its own under this pattern.
    #[must_use]
    #[track_caller]
    pub fn any<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(None, pattern.into(), handler, Location::caller())
    }

    /// Adds a route for `GET` (and `HEAD`).
    #[must_use]
    #[track_caller]
    pub fn get<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.route(Method::GET, pattern, handler)
    }

    /// Adds a route for `POST`.
    #[must_use]
    #[track_caller]
    pub fn post<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.route(Method::POST, pattern, handler)
    }

    /// Adds a route for `PUT`.
    #[must_use]
    #[track_caller]
    pub fn put<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.route(Method::PUT, pattern, handler)
    }

    /// Adds a route for `PATCH`.
    #[must_use]
    #[track_caller]
    pub fn patch<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.route(Method::PATCH, pattern, handler)
    }

    /// Adds a route for `DELETE`.
    #[must_use]
    #[track_caller]
    pub fn delete<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.route(Method::DELETE, pattern, handler)
    }

    /// Adds a value that handlers take with [`State<T>`](crate::State); of each type the last one counts.
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Puts a middleware around all routes of the app, within those that were added before it.
    #[must_use]
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.layers.push(Arc::new(middleware));
        self
    }

    /// Makes the table of routes.
    ///
    /// # Errors
    ///
    /// When routes conflict, a pattern is malformed or a handler takes a state that is not there.
    pub fn build(&self) -> Result<Routes, RouteError> {
        Routes::build(&self.routes, self.states.clone(), &self.layers)
    }

    fn add<M: 'static, H: Handler<M>>(
        mut self,
        method: Option<Method>,
        pattern: String,
        handler: H,
        place: &'static Location<'static>,
    ) -> Self {
        let mut demands = Demands::default();
        H::demand(&mut demands);
        let endpoint = Arc::new(Typed::new(handler));
        let (demands, rules) = (Arc::new(demands), Rules::default());
        self.routes.push(Route { method, pattern, endpoint, demands, rules, place });
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.routes.iter().map(|route| (&route.method, &route.pattern));
        f.debug_struct("App").field("routes", &routes.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_both_routes_and_places() {
        let app = App::new().get("/a/{x}", || async {}).post("/a/{y}", || async {});
        let error = app.build().expect_err("x and y conflict");
        let text = error.to_string();
        assert!(error.is_conflict());
        assert!(text.contains("`POST /a/{y}` at ") && text.contains("`GET /a/{x}` at "), "{text}");
        assert_eq!(text.matches("app.rs:").count(), 2, "{text}");
    }

    #[test]
    fn the_same_route_twice_is_a_conflict() {
        let app = App::new().get("/a", || async {}).get("/a", || async {});
        assert!(app.build().expect_err("twice").is_conflict());
    }

    #[test]
    fn a_malformed_pattern_is_told() {
        for pattern in ["a", "/{", "/{}", "/{*a}/b"] {
            let error = App::new().get(pattern, || async {}).build().expect_err(pattern);
            assert!(error.is_malformed(), "{error}");
            assert!(error.to_string().contains("app.rs:"), "{error}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let app = App::new().get("a", || async {}).get("b", || async {});
        let text = app.build().expect_err("two faults").to_string();
        assert!(text.contains("`GET a`") && text.contains("`GET b`"), "{text}");
    }

    #[test]
    fn methods_of_one_pattern_do_not_conflict() {
        assert!(
            App::new().get("/a", || async {}).post("/a", || async {}).any("/a", || async {}).build().is_ok()
        );
    }
}
