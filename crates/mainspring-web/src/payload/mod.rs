//! What travels in a body: raw bytes ([`Body`]), typed wrappers ([`Text`], [`Html`], [`Json`], [`JsonLines`],
//! [`Streaming`]) and values whose type is known only at run time ([`Payload`]).

mod body;
mod content_type;
mod file;
mod form;
mod json;
mod registry;
mod stream;
mod streaming;
mod text;
mod upgrade;

pub use body::Body;
pub use json::Json;
pub use registry::{Payload, Registry, register, register_json, register_serialize};
pub use streaming::{JsonLines, Streaming};
pub use text::{Html, Text};
pub use upgrade::Upgraded;

pub(crate) use content_type::ContentType;
pub(crate) use form::to_form;
#[cfg(feature = "multipart")]
pub(crate) use text::Charset;
