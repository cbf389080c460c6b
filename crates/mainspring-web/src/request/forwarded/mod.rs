//! What proxies say of the client.

#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod forwarded;
mod hops;
mod proxies;

pub use forwarded::Forwarded;
pub use proxies::TrustedProxies;
