//! Writes forms.

use serde::Serialize;

use crate::error::Error;

/// Writes a flat struct or map as `a=1&b=2`; a list gives one pair per element.
///
/// # Errors
///
/// When the value is not flat.
pub(crate) fn to_form(value: &impl Serialize) -> Result<String, Error> {
    serde_html_form::to_string(value)
        .map_err(|error| Error::new(http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
