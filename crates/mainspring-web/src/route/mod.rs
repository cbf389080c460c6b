//! Which handler answers which request.
//!
//! [`Routes`] is built once from an app and never changes: one tree over the path patterns, and under each
//! pattern the few methods it knows. `HEAD` is answered by the handler of `GET`, `OPTIONS` and 405 by the list
//! of methods.

mod absent;
mod demands;
mod error;
mod fixed;
mod handler;
mod reply;
mod routes;
mod rules;

pub use demands::Demands;
pub use error::RouteError;
pub use handler::Handler;
pub use reply::Reply;
pub use routes::Routes;

pub(crate) use demands::States;
pub(crate) use handler::{Endpoint, Typed};
pub(crate) use routes::{Found, Route};
pub(crate) use rules::Rules;
