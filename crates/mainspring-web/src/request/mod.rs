//! Requests, and what a handler takes from them.
//!
//! A handler's arguments are *extractors*. All but the last see the request by reference
//! ([`FromRequestParts`]); the last may take it whole, with its body ([`FromRequest`]). Extraction is
//! asynchronous: an extractor of the body waits until it has arrived, within its limit.
//!
//! An extractor that fails gives an [`Error`](crate::Error) with a 4xx status whose message names the field,
//! and the handler is not called.

pub(crate) mod accepts;
pub(crate) mod coding;
pub mod conditional;
mod convert;
#[cfg(feature = "cookies")]
mod cookies;
mod extension;
mod extract;
mod form;
mod forwarded;
#[cfg(feature = "headers")]
mod header;
mod headers;
mod limited;
mod line;
#[cfg(feature = "multipart")]
mod multipart;
mod origin;
mod path;
mod peer;
mod query;
pub mod range;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod request;
mod state;
mod values;

#[cfg(feature = "cookies")]
pub use cookies::Cookies;
pub use extension::Extension;
pub use extract::{
    FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts, ViaParts, ViaRequest,
};
pub use form::Form;
pub use forwarded::{Forwarded, TrustedProxies};
#[cfg(feature = "headers")]
pub use header::Header;
pub use headers::Headers;
pub use limited::Limited;
pub use line::{Host, MatchedPath, OriginalPath, RawQuery};
#[cfg(feature = "multipart")]
pub use multipart::{Multipart, MultipartForm, MultipartLimits, Part, UploadedFile};
pub use path::Path;
pub use peer::PeerAddr;
pub use query::Query;
pub use request::Request;
pub use state::State;

pub(crate) use request::Params;
pub(crate) use values::percent_decoded;
