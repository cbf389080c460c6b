//! One line of the log per request.

mod access;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod access_log;
mod format;

pub use access::Access;
pub use access_log::AccessLog;
