//! Multipart forms (RFC 7578): what browsers send when a form has files.
//!
//! The decoder is ours: it keeps no more in memory than one piece of the body and the head of one part, and bounds
//! the latter.

mod decoder;
mod file;
mod form;
mod head;
mod limits;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod multipart;
mod part;
mod spool;
mod typed;

pub use file::UploadedFile;
pub use form::MultipartForm;
pub use limits::MultipartLimits;
pub use multipart::Multipart;
pub use part::Part;
