//! What travels in a body: raw bytes ([`Body`]) and typed wrappers ([`Text`], [`Html`], [`Json`]).

mod body;
mod content_type;
mod file;
mod json;
mod stream;
mod text;
mod upgrade;

pub use body::Body;
pub use json::Json;
pub use text::{Html, Text};
pub use upgrade::Upgraded;

pub(crate) use content_type::ContentType;
