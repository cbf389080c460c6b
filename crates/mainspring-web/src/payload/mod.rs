//! What travels in a body: raw bytes ([`Body`]), typed wrappers ([`Text`], [`Html`], [`Json`], [`JsonLines`],
//! [`Streaming`]) and values whose type is known only at run time ([`Payload`]).

mod body;
mod content_type;
mod convert;
mod endless;
mod file;
mod form;
mod json;
mod pipe;
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

pub(crate) use body::Source;
pub(crate) use content_type::ContentType;
pub(crate) use endless::End;
pub(crate) use file::FileBody;
pub(crate) use form::to_form;
pub(crate) use pipe::{Demand, Pipe, Reader, pipe};
#[cfg(feature = "multipart")]
pub(crate) use text::Charset;
pub(crate) use upgrade::OnUpgrade;
