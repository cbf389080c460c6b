//! What stands around handlers.
//!
//! A [`Middleware`] sees a request before its handler and the answer after it: an `async fn(Request, Next)`, or
//! a value of a type that implements the trait. Those of an app surround all its routes, and also the answers
//! that no handler gives (404, 405, `OPTIONS`). The first added is the outermost.
//!
//! # Ready-made
//!
//! In the order in which most apps want them:
//!
//! | middleware | does |
//! |---|---|
//! | [`TrustProxies`] | has the others see the client behind a proxy |
//! | [`RequestIds`] | gives each request an id, in the answer and on each log line |
//! | [`AccessLog`] | writes a line per request |
//! | [`CatchPanic`] | turns panics into answers, so that those before it see them |
//! | [`SecurityHeaders`], [`SetHeader`] | set headers |
//! | [`Maintenance`] | closes the app with 503 |
//! | [`ConcurrencyLimit`], [`RateLimit`] | shed what is too much |
//! | [`Timeout`], [`BodyLimit`] | bound what one request may take |
//! | [`Cors`], [`Csrf`] | say which other sites may ask |
//! | [`BasicAuth`], [`BearerAuth`] | say who may ask |
//! | [`Sessions`] | remember values of a visitor |
//! | [`ProblemDetails`] | gives errors a form that programs read |
//! | [`ETags`] | tag answers, and answer 304 |
//! | [`Compression`], [`Decompression`] | compress answers, decompress requests |

mod access_log;
mod around;
mod attached;
mod auth;
mod body_limit;
mod calendar;
mod catch_panic;
mod chain;
#[cfg(feature = "compression")]
mod compression;
mod concurrency_limit;
mod cors;
mod csrf;
#[cfg(feature = "compression")]
mod decompression;
mod etags;
mod maintenance;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod middleware;
mod next;
mod problem_details;
mod rate_limit;
mod request_id;
mod rewrite;
mod security_headers;
#[cfg(feature = "cookies")]
mod session;
mod set_header;
mod timeout;
mod trust_proxies;
mod vary;

pub use access_log::{Access, AccessLog};
pub use auth::{BasicAuth, BearerAuth, Checked, Credentials, Identity, Token};
pub use body_limit::BodyLimit;
pub use catch_panic::CatchPanic;
#[cfg(feature = "compression")]
pub use compression::Compression;
pub use concurrency_limit::ConcurrencyLimit;
pub use cors::Cors;
pub use csrf::{Csrf, CsrfToken};
#[cfg(feature = "compression")]
pub use decompression::Decompression;
pub use etags::ETags;
pub use maintenance::Maintenance;
pub use middleware::Middleware;
pub use next::Next;
pub use problem_details::ProblemDetails;
pub use rate_limit::RateLimit;
pub use request_id::{REQUEST_ID, RequestId, RequestIds};
pub use security_headers::SecurityHeaders;
#[cfg(feature = "cookies")]
pub use session::{MemorySessions, SameSite, Session, SessionData, SessionKey, SessionStore, Sessions};
pub use set_header::SetHeader;
pub use timeout::Timeout;
pub use trust_proxies::TrustProxies;

#[doc(inline)]
pub use crate::request::coding::Coding;

pub(crate) use chain::around;
pub(crate) use middleware::Layer;
