//! Shared state as an extractor.

use http::StatusCode;

use super::extract::FromRequestParts;
use super::request::Request;
use crate::error::Error;
use crate::route::Demands;

/// A clone of the value that [`App::state`](crate::App::state) was given, or that the app's startup gave; in a
/// nested app that has none, of the app around it.
///
/// A route that takes a state the app does not have is an error when the app is built, never in a request.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mainspring_web::{App, State};
///
/// struct Settings { greeting: String }
///
/// async fn greet(State(settings): State<Arc<Settings>>) -> String {
///     settings.greeting.clone()
/// }
///
/// let app = App::new().get("/", greet);
/// assert!(app.build().unwrap_err().to_string().contains("Settings"));
///
/// let app = App::new().state(Arc::new(Settings { greeting: "Meow.".into() })).get("/", greet);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromRequestParts for State<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        request.state::<T>().cloned().map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the app has no state of type {name}"))
        })
    }

    fn demand(demands: &mut Demands) {
        demands.state::<T>();
    }
}
