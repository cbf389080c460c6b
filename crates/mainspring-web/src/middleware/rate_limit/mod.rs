//! How often somebody may ask.

mod key;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod rate_limit;
mod store;

pub use rate_limit::RateLimit;
