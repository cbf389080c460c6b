//! Answers of the `http` crate into ours and back.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue, header};

use super::response::Response;
use crate::error::BoxError;
use crate::payload::{Body, End, OnUpgrade, Source};

/// What takes the connection over: no bytes that others could wrap, so it goes beside the body.
#[derive(Clone)]
struct HandOver(Arc<Mutex<Option<OnUpgrade>>>);

impl Response {
    /// Takes an answer of the `http` crate, as tower services give it.
    ///
    /// Headers that belong to the connection (`connection`, `transfer-encoding`, …) are dropped: the engine
    /// writes its own. `content-length` gives the length of a body that does not know it.
    pub fn from_http<B>(response: http::Response<B>) -> Self
    where
        B: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (parts, body) = response.into_parts();
        let mut answer = Self::new(parts.status);
        for (name, value) in &parts.headers {
            if !is_of_connection(name) {
                // Both sides check alike, so nothing is lost.
                let _checked = answer.append(name.as_str(), value.as_bytes());
            }
        }
        *answer.extensions_mut() = parts.extensions;
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let hand_over = answer.extensions_mut().remove::<HandOver>();
        match hand_over
            .and_then(|HandOver(shared)| shared.lock().unwrap_or_else(PoisonError::into_inner).take())
        {
            Some(on_upgrade) => answer.with_body(Body::upgrade(on_upgrade)),
            None => {
                let end = answer.extensions_mut().remove::<End>();
                answer.with_body(Body::wrap_sized(length, body).with_end(end))
            }
        }
    }

    /// Turns it into an answer of the `http` crate; its length goes into `content-length` where it is known.
    ///
    /// What takes the connection over, and what ends an endless body, goes into the extensions, where
    /// [`from_http`](Self::from_http) finds it again, whatever has become of the body.
    pub fn into_http(mut self) -> http::Response<Body> {
        let mut response = http::Response::new(Body::empty());
        *response.status_mut() = self.status();
        for (name, value) in self.headers() {
            // Checked when they were set.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        if let Some(length) = self.body().len()
            && !self.status().is_informational()
            && self.status() != http::StatusCode::NO_CONTENT
            && self.status() != http::StatusCode::NOT_MODIFIED
        {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        *response.extensions_mut() = std::mem::take(self.extensions_mut());
        let body = self.into_body();
        if let Some(end) = body.end() {
            response.extensions_mut().insert(end);
        }
        if !body.is_upgrade() {
            *response.body_mut() = body;
        } else if let Source::Upgrade(on_upgrade) = body.into_source() {
            response.extensions_mut().insert(HandOver(Arc::new(Mutex::new(Some(on_upgrade)))));
        }
        response
    }
}

/// Headers that say something about one connection or message, not about the answer (RFC 9110 §7.6.1).
fn is_of_connection(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 5] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::DATE,
        header::TRANSFER_ENCODING,
        HeaderName::from_static("keep-alive"),
    ];
    NAMES.contains(name)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::response::IntoResponse;

    #[test]
    fn an_answer_of_the_http_crate_keeps_status_headers_and_body() {
        let response = http::Response::builder()
            .status(StatusCode::CREATED)
            .header("content-type", "text/html")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .header("transfer-encoding", "chunked")
            .body(Body::from("<p>"))
            .expect("it is valid");
        let response = Response::from_http(response);
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.header("content-type"), Some("text/html"));
        assert_eq!(response.headers().filter(|(name, _)| *name == "set-cookie").count(), 2);
        assert_eq!(response.header("transfer-encoding"), None);
        assert_eq!(response.body().len(), Some(3));
    }

    #[test]
    fn an_answer_for_the_http_crate_has_its_type_and_length() {
        let response = "Meow.".into_response().into_http();
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(response.headers()["content-length"], "5");
    }
}
