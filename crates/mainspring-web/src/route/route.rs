//! The builder of one route.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::handler::Handler;
use super::methods::{Answer, Methods};
use super::rules::Rules;
use super::time_limit::TimeLimit;
use crate::middleware::{Layer, Middleware};

/// A route with what it wants for itself: a name, middlewares, limits. [`App::add`](crate::App::add) takes it.
///
/// A pattern is a path with parameters. Each fills a segment or a part of one:
///
/// | parameter | takes |
/// |---|---|
/// | `{name}` | anything but `/`, at least one character |
/// | `{name:int}`, `{name:uint}` | digits, `int` also with a sign |
/// | `{name:uuid}` | `67e55044-10b1-426f-9247-bb680e5fe0c8` |
/// | `{name:hex}`, `{name:alpha}` | hexadecimal digits; ASCII letters |
/// | `{name:slug}` | small letters and digits with single `-` between |
/// | `{name:word}` | ASCII letters, digits and `_` |
/// | `{name:[a-z]{2}}` | what the [regular expression](https://docs.rs/regex/#syntax) matches as a whole |
/// | `{*name}` | all the rest of the path, `/` included; stands last |
///
/// `{{` and `}}` mean the braces themselves. A check sees the text percent-decoded, so `%2F` is a `/` in one
/// parameter.
///
/// Of several patterns that match, the stricter one answers: at each segment fixed text beats text with
/// parameters, which beats a named match (in the order `uuid`, `uint`, `int`, `hex`, `alpha`, `slug`, `word`),
/// which beats a regular expression (of several the first that was added), which beats `{name}`, which beats
/// the tail. A pattern that does not know the method is passed over for one that does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::{App, Body, Next, Path, Request, Response, Route, StatusCode};
///
/// async fn upload(Path(id): Path<u64>, body: Body) -> StatusCode {
///     StatusCode::CREATED
/// }
/// async fn signed_in(request: Request, next: Next) -> Response {
///     match request.header("authorization") {
///         Some(_) => next.run(request).await,
///         None => Response::new(StatusCode::UNAUTHORIZED),
///     }
/// }
///
/// let app = App::new().add(
///     Route::put("/files/{id:uint}", upload)
///         .name("file")
///         .middleware(signed_in)
///         .body_limit(64 * 1024 * 1024)
///         .timeout(Duration::from_secs(30)),
/// );
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone)]
pub struct Route {
    pub(crate) pattern: String,
    pub(crate) answers: Vec<Answer>,
    pub(crate) name: Option<String>,
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    pub(crate) rules: Rules,
    pub(crate) time_limit: Option<Duration>,
    /// Answers all paths below the pattern too.
    pub(crate) below: bool,
    pub(crate) place: &'static Location<'static>,
}

impl Route {
    /// A route for one method.
    #[track_caller]
    pub fn new<M: 'static>(method: Method, pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::of(pattern.into(), vec![Answer::new(Some(method), handler)])
    }

    /// A route for several methods, each with a handler of its own.
    #[track_caller]
    pub fn methods(pattern: impl Into<String>, methods: Methods) -> Self {
        Self::of(pattern.into(), methods.0)
    }

    /// A route for every method that has none of its own under this pattern.
    #[track_caller]
    pub fn any<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::of(pattern.into(), vec![Answer::new(None, handler)])
    }

    /// A route for `GET` (and `HEAD`).
    #[track_caller]
    pub fn get<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::GET, pattern, handler)
    }

    /// A route for `POST`.
    #[track_caller]
    pub fn post<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::POST, pattern, handler)
    }

    /// A route for `PUT`.
    #[track_caller]
    pub fn put<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::PUT, pattern, handler)
    }

    /// A route for `PATCH`.
    #[track_caller]
    pub fn patch<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::PATCH, pattern, handler)
    }

    /// A route for `DELETE`.
    #[track_caller]
    pub fn delete<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::DELETE, pattern, handler)
    }

    /// A route for `HEAD` alone.
    #[track_caller]
    pub fn head<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::HEAD, pattern, handler)
    }

    /// A route for `OPTIONS`, in place of the answer that lists the methods.
    #[track_caller]
    pub fn options<M: 'static>(pattern: impl Into<String>, handler: impl Handler<M>) -> Self {
        Self::new(Method::OPTIONS, pattern, handler)
    }

    #[track_caller]
    pub(crate) fn of(pattern: String, answers: Vec<Answer>) -> Self {
        Self {
            pattern,
            answers,
            name: None,
            layers: Vec::new(),
            rules: Rules::default(),
            time_limit: None,
            below: false,
            place: Location::caller(),
        }
    }

    /// The name by which [`Request::url_for`](crate::Request::url_for) finds it; one per app.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Puts a middleware around the route, within those of its app and those that were added before.
    #[must_use]
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.layers.push(Arc::new(middleware));
        self
    }

    /// How large a body may be, in bytes. Default: [`Limits::body`](crate::Limits::body).
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.rules.body_limit = Some(bytes);
        self
    }

    /// Whether the handler is cancelled when its client goes away. Default: for safe methods only.
    #[must_use]
    pub fn cancel_on_disconnect(mut self, cancel: bool) -> Self {
        self.rules.cancel_on_disconnect = Some(cancel);
        self
    }

    /// How long handler and middlewares of the route may take until there is an answer; the body of the answer
    /// may take longer. Then they are cancelled, with their cleanup, and the answer is 503. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// The middlewares from the outermost on.
    pub(crate) fn layers(&self) -> Vec<Arc<dyn Layer>> {
        let limit = self.time_limit.map(|limit| Arc::new(TimeLimit(limit)) as Arc<dyn Layer>);
        limit.into_iter().chain(self.layers.iter().cloned()).collect()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.answers.iter().map(|answer| &answer.method).collect();
        f.debug_struct("Route")
            .field("pattern", &self.pattern)
            .field("methods", &methods)
            .field("name", &self.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
