//! Requests, and what a handler takes from them.
//!
//! A handler's arguments are *extractors*. All but the last see the request by reference
//! ([`FromRequestParts`]); the last may take it whole, with its body ([`FromRequest`]). Extraction is
//! asynchronous: an extractor of the body waits until it has arrived, within its limit.
//!
//! An extractor that fails gives an [`Error`](crate::Error) with a 4xx status whose message names the field,
//! and the handler is not called.

pub mod conditional;
mod convert;
mod extract;
mod headers;
mod path;
mod peer;
mod query;
pub mod range;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod request;
mod state;
mod values;

pub use extract::{FromRequest, FromRequestParts, ViaParts, ViaRequest};
pub use headers::Headers;
pub use path::Path;
pub use peer::PeerAddr;
pub use query::Query;
pub use request::Request;
pub use state::State;

pub(crate) use request::Params;
pub(crate) use values::percent_decoded;
