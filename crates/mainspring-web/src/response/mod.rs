//! Answers: the [`Response`], everything that turns into one, and the parts of one.

mod convert;
#[cfg(feature = "cookies")]
mod cookie;
mod created;
mod disposition;
mod into_response;
mod part;
mod problem;
mod redirect;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod response;

#[cfg(feature = "cookies")]
pub use cookie::SetCookie;
pub use created::{Created, NoContent};
pub use disposition::Attachment;
pub use into_response::IntoResponse;
pub use part::ResponsePart;
pub use problem::Problem;
pub use redirect::Redirect;
pub use response::Response;

/// The bytes that cannot stand in a URL as they are; everything that has a meaning there is left alone.
const NOT_IN_URL: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A URL as a header can carry it: what is not ASCII or breaks lines is percent-encoded.
fn url(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, NOT_IN_URL).to_string()
}
