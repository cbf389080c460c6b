//! Conditional requests (RFC 9110 §13): answers that the client has already, and changes that must not be lost.
//!
//! Who knows an [`ETag`] or the date of the last change of what it serves says so by [`Validators`];
//! [`Preconditions`] then tells what the request asks for.
//!
//! # Examples
//!
//! ```
//! use mainspring_web::conditional::{ETag, Preconditions, Validators, Verdict};
//! use mainspring_web::{Error, IntoResponse, Response, StatusCode};
//!
//! async fn cat(preconditions: Preconditions) -> Result<Response, Error> {
//!     let validators = Validators::new().with_etag(ETag::strong("v1")?);
//!     let response = match preconditions.evaluate(&validators) {
//!         Verdict::Proceed => "Meow.".into_response(),
//!         refused => Response::new(refused.status().unwrap_or_default()),
//!     };
//!     validators.apply(response)
//! }
//!
//! assert!(mainspring_web::App::new().get("/cat", cat).build().is_ok());
//! ```

mod date;
mod etag;
mod preconditions;
mod validators;

pub use date::HttpDate;
pub use etag::ETag;
pub use preconditions::{Preconditions, Verdict};
pub use validators::Validators;
