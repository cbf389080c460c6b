//! What is remembered of a visitor from one request to the next.

mod cookie;
mod key;
mod memory;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod session;
mod sessions;
mod store;

pub use key::SessionKey;
pub use memory::MemorySessions;
pub use session::Session;
pub use sessions::{SameSite, Sessions};
pub use store::{SessionData, SessionStore};
