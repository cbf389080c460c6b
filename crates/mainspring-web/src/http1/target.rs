//! The request target (RFC 9112 §3.2) and the host it may name.

use std::net::Ipv6Addr;

use http::StatusCode;

use super::head::{Span, Target};
use super::refusal::Refusal;
use super::scan;

const ODD_BYTE: Refusal = Refusal::bad("the request target holds a byte that must be encoded");
const NO_TARGET: Refusal = Refusal::bad("the request target is neither a path nor a URL");
const NO_HOST: Refusal = Refusal::bad("the URL in the request target has no valid host");

/// Splits a target that starts at `at` in the head into its parts.
pub(super) fn target(method: &[u8], target: &[u8], at: usize) -> Result<Target, Refusal> {
    if method == b"CONNECT" {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is for proxies"));
    }
    if target.first() == Some(&b'/') {
        return path_and_query(target, at);
    }
    match (method, target) {
        (b"OPTIONS", b"*") => Ok(Target::new(Span::new(at, at + 1), None)),
        (b"PRI", b"*") => Err(Refusal::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "the preface of HTTP/2 stands where HTTP/1.1 is spoken",
        )),
        _ => absolute(target, at),
    }
}

/// `http://host/path?query`.
fn absolute(target: &[u8], at: usize) -> Result<Target, Refusal> {
    let scheme = ["http://", "https://"]
        .iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme.as_bytes())))
        .ok_or(NO_TARGET)?
        .len();
    let rest = target.get(scheme..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if !is_host(authority) {
        return Err(NO_HOST);
    }
    let start = at + scheme;
    let mut parts = path_and_query(rest, start + end)?;
    if parts.path.is_empty() {
        // An empty path means `/`, and the last byte of the scheme is one.
        parts.path = Span::new(start - 1, start);
    }
    parts.authority = Span::new(start, start + end);
    Ok(parts)
}

fn path_and_query(target: &[u8], at: usize) -> Result<Target, Refusal> {
    let path = scan::run(scan::PATH, target);
    let (mut end, mut query) = (path, None);
    if let Some([b'?', rest @ ..]) = target.get(path..) {
        end = path + 1 + scan::run(scan::QUERY, rest);
        query = Some(Span::new(at + path + 1, at + end));
    }
    if end < target.len() { Err(ODD_BYTE) } else { Ok(Target::new(Span::new(at, at + path), query)) }
}

/// Whether the value is `uri-host [":" port]`, the host not empty.
///
/// Percent-encoded names and commas are refused, which the grammar of RFC 3986 allows: no resolver decodes the
/// former, so two readers may see two hosts, and the latter stand where two lines were joined.
pub(super) fn is_host(value: &[u8]) -> bool {
    if value.first() == Some(&b'[') {
        return is_literal(value);
    }
    !value.is_empty() && host(value) == value.len()
}

/// How many bytes at the front are a host that is no IP literal, with its port.
#[inline(always)]
pub(super) fn host(bytes: &[u8]) -> usize {
    let name = scan::run(scan::HOST, bytes);
    match bytes.get(name..) {
        Some([b':', port @ ..]) if name > 0 => name + 1 + scan::run(scan::DIGIT, port),
        _ => name,
    }
}

/// Whether the value is an IP literal with an optional port: `[::1]:80`.
#[cold]
fn is_literal(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let Some((inner, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) else {
        return false;
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    };
    port && (inner.parse::<Ipv6Addr>().is_ok() || is_future(inner))
}

/// `IPvFuture` of RFC 3986 §3.2.2.
fn is_future(text: &str) -> bool {
    let Some((version, address)) = text.strip_prefix(['v', 'V']).and_then(|text| text.split_once('.')) else {
        return false;
    };
    let address = address.as_bytes();
    !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !address.is_empty()
        && scan::run(scan::LITERAL, address) == address.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_other_text() {
        for host in [
            "a",
            "example.org",
            "example.org:80",
            "a:",
            "127.0.0.1:8080",
            "a_b",
            "xn--bcher-kva.example",
            "[::1]",
            "[::1]:80",
            "[2001:db8::192.0.2.1]",
            "[v1.fe80::a+en1]",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":80",
            "a:b",
            "a:80:90",
            "a b",
            "a/b",
            "a@b",
            "a#b",
            "a?b",
            "a,b",
            "a%20b",
            "[::1",
            "::1",
            "[]",
            "[::1]a",
            "[::1]:a",
            "[:::1]",
            "[::1]]",
            "a[::1]",
            "[fe80::1%25eth0]",
            "[v.a]",
            "[v1.]",
            "[vx.a]",
            "\u{e9}",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
