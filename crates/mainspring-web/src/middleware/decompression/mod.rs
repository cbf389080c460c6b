//! Requests that come compressed.

mod decoded;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod decompression;

pub use decompression::Decompression;
