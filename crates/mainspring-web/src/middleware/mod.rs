//! What stands around handlers.
//!
//! A [`Middleware`] sees a request before its handler and the answer after it: an `async fn(Request, Next)`, or
//! a value of a type that implements the trait. Those of an app surround all its routes, and also the answers
//! that no handler gives (404, 405, `OPTIONS`). The first added is the outermost.

mod chain;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod middleware;
mod next;
mod problem_details;

pub use middleware::Middleware;
pub use next::Next;
pub use problem_details::ProblemDetails;

pub(crate) use chain::around;
pub(crate) use middleware::Layer;
