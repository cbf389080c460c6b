//! Where a browser that connects again left off.

use crate::error::Error;
use crate::request::{FromRequestParts, Request};

/// The id of the last event that the browser got before its connection broke; `None` at its first visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl FromRequestParts for LastEventId {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self(request.header("last-event-id").filter(|id| !id.is_empty()).map(ToOwned::to_owned)))
    }
}
