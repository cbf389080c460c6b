//! Handlers by method.

use std::fmt;
use std::sync::Arc;

use http::Method;

use super::demands::Demands;
use super::handler::{Endpoint, Handler, Typed};

/// What answers one method under a pattern.
#[derive(Clone)]
pub(crate) struct Answer {
    /// `None` answers every method.
    pub(crate) method: Option<Method>,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) demands: Arc<Demands>,
}

impl Answer {
    pub(crate) fn new<M: 'static, H: Handler<M>>(method: Option<Method>, handler: H) -> Self {
        let mut demands = Demands::default();
        H::demand(&mut demands);
        Self { method, endpoint: Arc::new(Typed::new(handler)), demands: Arc::new(demands) }
    }
}

/// The handlers of one thing, by method: what aiohttp calls a view.
///
/// A method that is not there is 405. `HEAD` is answered wherever `GET` is, `OPTIONS` always.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Json, Methods, Route, State};
///
/// async fn list(State(cats): State<Vec<String>>) -> Json<Vec<String>> {
///     Json(cats)
/// }
/// async fn create(name: String) -> String {
///     format!("{name} is born")
/// }
///
/// let cats = Methods::new().get(list).post(create);
/// let app = App::new().state(vec!["Tom".to_owned()]).add(Route::methods("/cats", cats).name("cats"));
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Methods(pub(super) Vec<Answer>);

impl Methods {
    /// No methods.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of one method.
    #[must_use]
    pub fn on<M: 'static>(mut self, method: Method, handler: impl Handler<M>) -> Self {
        self.0.push(Answer::new(Some(method), handler));
        self
    }

    /// Adds the handler of every method that has none of its own.
    #[must_use]
    pub fn any<M: 'static>(mut self, handler: impl Handler<M>) -> Self {
        self.0.push(Answer::new(None, handler));
        self
    }

    /// Adds the handler of `GET` (and `HEAD`).
    #[must_use]
    pub fn get<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::GET, handler)
    }

    /// Adds the handler of `POST`.
    #[must_use]
    pub fn post<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::POST, handler)
    }

    /// Adds the handler of `PUT`.
    #[must_use]
    pub fn put<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::PUT, handler)
    }

    /// Adds the handler of `PATCH`.
    #[must_use]
    pub fn patch<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::PATCH, handler)
    }

    /// Adds the handler of `DELETE`.
    #[must_use]
    pub fn delete<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::DELETE, handler)
    }

    /// Adds a handler of `HEAD` alone.
    #[must_use]
    pub fn head<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::HEAD, handler)
    }

    /// Adds a handler of `OPTIONS`, in place of the answer that lists the methods.
    #[must_use]
    pub fn options<M: 'static>(self, handler: impl Handler<M>) -> Self {
        self.on(Method::OPTIONS, handler)
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|answer| &answer.method)).finish()
    }
}
