//! Answers that are compressed.

#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod compression;
mod encoded;
mod offloaded;

pub use compression::Compression;
