//! What travels in a body: raw bytes ([`Body`]) and typed wrappers ([`Text`], [`Html`], [`Json`]).

mod body;
mod content_type;
mod file;
mod json;
mod pipe;
mod stream;
mod text;
mod upgrade;

pub use body::Body;
pub use json::Json;
pub use text::{Html, Text};
pub use upgrade::Upgraded;

pub(crate) use body::Source;
pub(crate) use content_type::ContentType;
pub(crate) use file::FileBody;
pub(crate) use pipe::{Demand, Incoming, Pipe, Reader, pipe};
pub(crate) use upgrade::OnUpgrade;
