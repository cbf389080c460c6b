//! The opening handshake (RFC 6455 §4.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use sha1::{Digest, Sha1};

use crate::error::Error;
use crate::http1::Version;
use crate::request::Request;

/// Checks that a request opens a websocket, and gives the value of `sec-websocket-accept`.
///
/// # Errors
///
/// What the client did wrong: 400, 405 or 426.
pub(super) fn accept(request: &Request) -> Result<String, Error> {
    if request.method() != Method::GET {
        return Err(Error::new(StatusCode::METHOD_NOT_ALLOWED, "a websocket is opened with GET"));
    }
    if request.version() != Version::Http11 {
        return Err(Error::bad_request("a websocket is opened over HTTP/1.1"));
    }
    if !request.head().wants("websocket") {
        return Err(upgrade_required(
            "this is a websocket: `connection: upgrade` and `upgrade: websocket` are wanted",
        ));
    }
    if request.header("sec-websocket-version").map(str::trim) != Some("13") {
        return Err(upgrade_required("`sec-websocket-version` must be 13"));
    }
    let key = request.header("sec-websocket-key").map(str::trim).unwrap_or_default();
    if STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != 16 {
        return Err(Error::bad_request("`sec-websocket-key` must be 16 bytes in base64"));
    }
    Ok(answer(key))
}

/// RFC 9110 §15.5.22 and RFC 6455 §4.2.2: the client is told what would do.
fn upgrade_required(message: &str) -> Error {
    let error = Error::new(StatusCode::UPGRADE_REQUIRED, message);
    error.with_header("upgrade", "websocket").with_header("sec-websocket-version", "13")
}

fn answer(key: &str) -> String {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// All values of a header of this name that are text.
pub(super) fn values<'a>(request: &'a Request, name: &'a str) -> impl Iterator<Item = &'a str> {
    let fields = request.headers().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
    fields.filter_map(|(_, value)| std::str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str) -> Request {
        Request::sample(&format!("GET /chat HTTP/1.1\r\nHost: cats.example\r\n{headers}\r\n"), "")
    }

    const VALID: &str = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    #[test]
    fn the_example_of_the_rfc_is_answered() {
        assert_eq!(accept(&request(VALID)).expect("it is valid"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_missing_is_told() {
        for (line, status) in [
            ("Upgrade: websocket\r\n", 426),
            ("Connection: keep-alive, Upgrade\r\n", 426),
            ("Sec-WebSocket-Version: 13\r\n", 426),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400),
        ] {
            let error = accept(&request(&VALID.replace(line, ""))).expect_err(line);
            assert_eq!(error.status().as_u16(), status, "{line}");
        }
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        assert!(accept(&request(&VALID.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"))).is_err());
    }
}
