//! What is known of types that nobody registered.

use std::time::SystemTime;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::payload::Payload;
use crate::response::{IntoResponse, Response};

/// The answer of a value that is no JSON.
pub(super) fn answer(payload: Payload) -> Result<Response, Payload> {
    payload
        .downcast::<Response>()
        .or_else(|payload| payload.downcast::<String>().map(IntoResponse::into_response))
        .or_else(|payload| payload.downcast::<&'static str>().map(IntoResponse::into_response))
        .or_else(|payload| payload.downcast::<Bytes>().map(IntoResponse::into_response))
        .or_else(|payload| payload.downcast::<Vec<u8>>().map(IntoResponse::into_response))
}

/// Writes a value that holds no others.
///
/// # Errors
///
/// The serializer itself when the type is not built in.
pub(super) fn leaf<S: Serializer>(payload: &Payload, serializer: S) -> Result<Result<S::Ok, S::Error>, S> {
    macro_rules! written {
        ($($type:ty)*) => {$(
            if let Some(value) = payload.downcast_ref::<$type>() {
                return Ok(value.serialize(serializer));
            }
        )*};
    }
    written!(i64 f64 String &'static str bool i32 u32 u64 Value u8 i8 u16 i16 usize isize f32 i128 u128 char);
    if payload.is::<()>() {
        return Ok(serializer.serialize_none());
    }
    let Some(time) = payload.downcast_ref::<SystemTime>() else { return Err(serializer) };
    // Beyond the years that a date can name, there is none.
    let time = jiff::Timestamp::try_from(*time);
    Ok(time.ok().map(|time| time.to_string()).serialize(serializer))
}
