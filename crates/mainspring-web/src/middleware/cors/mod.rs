//! What scripts of other sites may ask.

#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod cors;
mod origins;

pub use cors::Cors;
