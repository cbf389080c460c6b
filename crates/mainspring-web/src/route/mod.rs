//! Which handler answers which request.
//!
//! [`Routes`] is built once from an app and never changes: a map of the paths without parameters, a tree over
//! the patterns, and under each pattern the few methods it knows. `HEAD` is answered by the handler of `GET`,
//! `OPTIONS` and 405 by the list of methods. The routes of nested apps stand in the same table, each with the
//! middlewares of all apps around it; what the apps themselves hold is in their [`scope`].

mod absent;
mod builder;
mod check;
mod demands;
mod error;
mod fixed;
mod handler;
mod host;
mod methods;
mod pattern;
mod reply;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod route;
mod routes;
mod rules;
mod scope;
mod segment;
mod slashes;
mod states;
mod table;
mod time_limit;
mod tree;
mod url;

pub use demands::Demands;
pub use error::RouteError;
pub use handler::Handler;
pub use methods::Methods;
pub use reply::Reply;
pub use route::Route;
pub use routes::Routes;
pub use slashes::Slashes;
pub use states::States;
pub use url::{Url, Urls};

pub(crate) use builder::{Around, Builder, Part, Seat};
pub(crate) use handler::{Endpoint, Respond};
pub(crate) use methods::Answer;
pub(crate) use routes::Found;
pub(crate) use url::UNRESERVED;
