//! What travels in a body: raw bytes ([`Body`]) and typed wrappers ([`Text`], [`Html`], [`Json`]).

mod body;
mod content_type;
mod json;
mod text;

pub use body::Body;
pub use json::Json;
pub use text::{Html, Text};

pub(crate) use content_type::ContentType;
