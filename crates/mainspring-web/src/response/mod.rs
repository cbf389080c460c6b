//! Answers: the [`Response`] and everything that turns into one.

mod convert;
mod into_response;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod response;

pub use into_response::IntoResponse;
pub use response::Response;
