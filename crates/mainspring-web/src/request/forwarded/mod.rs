//! What proxies say of the client.

mod hops;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod forwarded;
mod proxies;

pub use forwarded::Forwarded;
pub use proxies::TrustedProxies;
