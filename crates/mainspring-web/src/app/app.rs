//! The builder of an application.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use http::Method;

use super::assemble::Within;
use super::hooks::Hooks;
use super::on_response::OnResponse;
use crate::http1::Head;
use crate::middleware::{Layer, Middleware};
use crate::response::Response;
use crate::route::{Answer, Handler, Part, Route, Slashes, States};

/// An application: routes with their handlers, what surrounds them, and the state they share.
///
/// A pattern is a path with parameters: `{name}` for one segment, `{name:int}` or `{name:[a-z]+}` for one that
/// matches, `{*name}` at the end for all the rest; see [`Route`]. The stricter pattern beats the looser one.
/// `HEAD` is answered wherever `GET` is, `OPTIONS` everywhere; an unknown path is 404, a known path with a method
/// that no matching pattern knows is 405 with `allow`.
///
/// **Nesting.** An app may stand within another: below a prefix ([`nest`](Self::nest)), for a host
/// ([`host`](Self::host)) or beside its routes ([`merge`](Self::merge)). It keeps its own middlewares (within
/// those of the outer app), state (where it has none of a type, the outer app's serves), names, fallback and
/// hooks.
///
/// **Middlewares** surround the handlers and also 404, 405 and `OPTIONS`; the first added is the outermost,
/// those of the outer app come first, those of a [`Route`] last.
///
/// **Life.** The server enters the [`cleanup_ctx`](Self::cleanup_ctx)s in order and runs
/// [`on_startup`](Self::on_startup) before it listens. At the end it closes the port, runs
/// [`on_shutdown`](Self::on_shutdown), waits for the requests at work, then leaves the contexts in reverse order
/// and runs [`on_cleanup`](Self::on_cleanup). A start that fails undoes what was entered. Apps within start
/// after the one around them and clean up before it.
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
    pub(super) routes: Vec<Route>,
    pub(super) states: States,
    pub(super) layers: Vec<Arc<dyn Layer>>,
    pub(super) within: Vec<Within>,
    pub(super) fallback: Option<(Answer, &'static Location<'static>)>,
    pub(super) slashes: Option<Slashes>,
    pub(super) merge_slashes: Option<bool>,
    pub(super) hooks: Hooks,
    pub(super) on_response: Vec<OnResponse>,
}

impl App {
    /// Makes an app without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route that was made with what it wants for itself.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "no sum of apps: the field's word for one route more")]
    pub fn add(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
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
        self.add(Route::new(method, pattern, handler))
    }

    /// Adds a route for every method that has no route of its own under this pattern.
    #[must_use]
    #[track_caller]
    pub fn any<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::any(pattern, handler))
    }

    /// Adds a route for `GET` (and `HEAD`).
    #[must_use]
    #[track_caller]
    pub fn get<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::get(pattern, handler))
    }

    /// Adds a route for `POST`.
    #[must_use]
    #[track_caller]
    pub fn post<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::post(pattern, handler))
    }

    /// Adds a route for `PUT`.
    #[must_use]
    #[track_caller]
    pub fn put<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::put(pattern, handler))
    }

    /// Adds a route for `PATCH`.
    #[must_use]
    #[track_caller]
    pub fn patch<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::patch(pattern, handler))
    }

    /// Adds a route for `DELETE`.
    #[must_use]
    #[track_caller]
    pub fn delete<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::delete(pattern, handler))
    }

    /// Adds a route for `HEAD` alone, in place of the one that comes with `GET`.
    #[must_use]
    #[track_caller]
    pub fn head<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::head(pattern, handler))
    }

    /// Adds a route for `OPTIONS`, in place of the answer that lists the methods.
    #[must_use]
    #[track_caller]
    pub fn options<M: 'static>(self, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        self.add(Route::options(pattern, handler))
    }

    /// Answers what no route does, in place of the plain 404; in a nested app, below its prefix or host.
    ///
    /// An app that has none takes that of the app around it, with its own middlewares around. A known path with
    /// an unknown method stays a 405.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Request, StatusCode};
    ///
    /// async fn lost(request: Request) -> (StatusCode, String) {
    ///     (StatusCode::NOT_FOUND, format!("no cat lives at {}", request.path()))
    /// }
    ///
    /// assert!(App::new().get("/", || async { "Meow." }).fallback(lost).build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fallback<M: 'static>(mut self, handler: impl Handler<M>) -> Self {
        self.fallback = Some((Answer::new(None, handler), Location::caller()));
        self
    }

    /// Puts an app below a prefix.
    ///
    /// Its patterns go on where the prefix ends; its `/` is the prefix itself, with and without a slash behind.
    /// Handlers see the whole path. The prefix may have parameters, which the handlers get before their own.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Path};
    ///
    /// async fn user(Path((shop, id)): Path<(String, u64)>) -> String {
    ///     format!("user {id} of {shop}")
    /// }
    ///
    /// let users = App::new().get("/", || async { "all" }).get("/{id}", user);
    /// let app = App::new().nest("/shops/{shop}/users", users);
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, prefix: impl Into<String>, app: Self) -> Self {
        self.within.push(Within { app, part: Part::Prefix(prefix.into()), place: Location::caller() });
        self
    }

    /// Has an app answer all requests for a host: `example.com`, or `*.example.com` for every host below it.
    ///
    /// The host is that of `Host`, or of the target where it has one; its port and its case do not count. The
    /// more particular host wins; what no host takes is answered by this app's own routes.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::App;
    ///
    /// let api = App::new().get("/", || async { "api" });
    /// let app = App::new().host("api.example.com", api).get("/", || async { "everybody else" });
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn host(mut self, host: impl Into<String>, app: Self) -> Self {
        self.within.push(Within { app, part: Part::Host(host.into()), place: Location::caller() });
        self
    }

    /// Puts the routes of another app beside those of this one.
    ///
    /// They keep their own middlewares, within those of this app, and their own state. Names of both are in one
    /// space; a fallback may be set on one of them.
    #[must_use]
    #[track_caller]
    pub fn merge(mut self, app: Self) -> Self {
        self.within.push(Within { app, part: Part::All, place: Location::caller() });
        self
    }

    /// What becomes of a path that differs from a route only by a slash at its end. Default:
    /// [`Slashes::Strict`], or what the app around has.
    #[must_use]
    pub fn slashes(mut self, slashes: Slashes) -> Self {
        self.slashes = Some(slashes);
        self
    }

    /// Whether several slashes in a path count as one: such a path is redirected, with [`Slashes::Ignore`]
    /// answered. Default: no, or what the app around has.
    #[must_use]
    pub fn merge_slashes(mut self, merge: bool) -> Self {
        self.merge_slashes = Some(merge);
        self
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

    /// Shows every answer to a hook before it is sent, 404, 405 and the 500 of a panic included: the last
    /// chance to change its headers.
    ///
    /// It stands around all middlewares of the app. What must wait for something is a middleware. Requests that
    /// are no HTTP are refused before any app sees them.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Response, http1::Head};
    ///
    /// let app = App::new().get("/", || async { "Meow." }).on_response(|_: &Head, response: &mut Response| {
    ///     response.insert("x-cat", "Tom").unwrap();
    /// });
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    pub fn on_response<F>(mut self, hook: F) -> Self
    where
        F: Fn(&Head, &mut Response) + Send + Sync + 'static,
    {
        self.on_response.push(Arc::new(hook));
        self
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = self.within.iter().map(|within| (&within.part, &within.app));
        f.debug_struct("App")
            .field("routes", &self.routes)
            .field("within", &within.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
