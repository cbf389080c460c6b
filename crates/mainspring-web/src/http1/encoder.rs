//! Writes answers.

use http::StatusCode;

use crate::payload::ContentType;
use crate::response::Response;

/// What the answer says about the life of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Nothing: HTTP/1.1 goes on by itself.
    Persistent,
    /// An HTTP/1.0 client must be told that the connection goes on.
    KeepAlive,
    /// The connection ends after this answer.
    Close,
    /// The connection goes on in another protocol.
    Upgrade,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// By the number of bytes.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the connection, for HTTP/1.0.
    Close,
}

/// The interim answer to `Expect: 100-continue`.
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// More than a head without own headers takes.
const RESERVE: usize = 192;
/// Larger bodies grow the buffer by themselves.
const BODY_RESERVE: u64 = 32 * 1024;

const OK_TEXT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ";
const OK_JSON: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
const OK_BARE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: ";

/// CRLF, `date: `, 29 bytes of IMF-fixdate, CRLF: the line with the end of the one before it. Its length is
/// known when the program is compiled, which makes copying it cheap.
pub(crate) type DateLine = [u8; 39];

/// Writes the head of `response` to `out`, with its `date` line, and says whether the body must follow.
///
/// The length is written even where no body follows (HEAD), except where the status forbids it.
#[inline]
pub(crate) fn encode(
    out: &mut Vec<u8>,
    response: &Response,
    head_only: bool,
    coding: Coding,
    connection: Connection,
    date: &DateLine,
) -> bool {
    let status = response.status();
    let bodiless = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT);
    let room = if let Coding::Length(length) = coding { length.min(BODY_RESERVE) as usize } else { 0 };
    out.reserve(RESERVE + response.lines().len() + room);
    match (coding, status, response.content_type()) {
        (Coding::Length(length), StatusCode::OK, Some(ContentType::Text)) => {
            ended(out, OK_TEXT, length, date);
        }
        (Coding::Length(length), StatusCode::OK, Some(ContentType::Json)) => {
            ended(out, OK_JSON, length, date);
        }
        (Coding::Length(length), StatusCode::OK, None) => ended(out, OK_BARE, length, date),
        (_, _, kind) => {
            start(out, status, kind);
            end(out, status, (!bodiless).then_some(coding), date);
        }
    }
    match connection {
        Connection::Persistent => {}
        Connection::KeepAlive => out.extend_from_slice(b"connection: keep-alive\r\n"),
        Connection::Close => out.extend_from_slice(b"connection: close\r\n"),
        Connection::Upgrade => out.extend_from_slice(b"connection: upgrade\r\n"),
    }
    out.extend_from_slice(response.lines());
    out.extend_from_slice(b"\r\n");
    !bodiless && !head_only
}

/// One of the commonest beginnings with the length and the date.
#[inline]
fn ended(out: &mut Vec<u8>, start: &[u8], length: u64, date: &DateLine) {
    out.extend_from_slice(start);
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.extend_from_slice(date);
}

/// The status line and the content type, for everything but the commonest answers.
fn start(out: &mut Vec<u8>, status: StatusCode, kind: Option<ContentType>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    if let Some(kind) = kind {
        out.extend_from_slice(b"content-type: ");
        out.extend_from_slice(kind.as_str().as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// How the body ends, and the date; `None` for a status that has no body.
fn end(out: &mut Vec<u8>, status: StatusCode, coding: Option<Coding>, date: &DateLine) {
    match coding {
        Some(Coding::Length(length)) => return ended(out, b"content-length: ", length, date),
        Some(Coding::Chunked) => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        None if status == StatusCode::RESET_CONTENT => out.extend_from_slice(b"content-length: 0\r\n"),
        Some(Coding::Close) | None => {}
    }
    out.extend_from_slice(&date[2..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::IntoResponse;

    const DATE: &DateLine = b"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

    fn written(response: impl IntoResponse, head_only: bool, connection: Connection) -> (String, bool) {
        let response = response.into_response();
        let coding = response.body().len().map_or(Coding::Chunked, Coding::Length);
        let mut out = Vec::new();
        let body = encode(&mut out, &response, head_only, coding, connection, DATE);
        (String::from_utf8(out).expect("the head is text"), body)
    }

    #[test]
    fn a_text_answer_has_type_length_and_date() {
        let (head, body) = written("Meow.", false, Connection::Persistent);
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 5\r\n\
             date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
        );
        assert!(body);
    }

    #[test]
    fn a_head_answer_keeps_the_length_and_drops_the_body() {
        let (head, body) = written("Meow.", true, Connection::Persistent);
        assert!(head.contains("content-length: 5\r\n"));
        assert!(!body);
    }

    #[test]
    fn statuses_without_a_body_have_no_length() {
        for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
            let (head, body) = written((status, "ignored"), false, Connection::Persistent);
            assert!(!head.contains("content-length"), "{head}");
            assert!(!body);
        }
    }

    #[test]
    fn reset_content_has_length_zero() {
        let (head, body) = written((StatusCode::RESET_CONTENT, "ignored"), false, Connection::Persistent);
        assert!(head.contains("content-length: 0\r\n"), "{head}");
        assert!(!body);
    }

    #[test]
    fn a_body_of_unknown_length_is_chunked() {
        let body = crate::Body::stream(futures_util::stream::iter([Ok::<_, crate::Error>("a")]));
        let (head, body) = written(body, false, Connection::Persistent);
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\ndate: "), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        assert!(body);
    }

    #[test]
    fn the_end_of_the_connection_is_announced() {
        let (head, _) = written((), false, Connection::Close);
        assert!(head.contains("connection: close\r\n"));
    }
}
