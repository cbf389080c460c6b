//! The `vary` header, to which several middlewares add.

use crate::response::Response;

/// Says that the answer depends on a header of the request (RFC 9110 §12.5.5).
pub(super) fn vary(response: &mut Response, name: &'static str) {
    let lines = response.headers().filter(|(other, _)| other.eq_ignore_ascii_case("vary"));
    let names = lines.flat_map(|(_, value)| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let is_said = |known: &[u8]| known == b"*" || known.eq_ignore_ascii_case(name.as_bytes());
    if !{ names }.any(is_said) {
        response.add("vary", name.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_name_is_added_once() {
        let mut response =
            Response::new(StatusCode::OK).with_header("vary", "Accept, Origin").expect("valid");
        vary(&mut response, "origin");
        vary(&mut response, "cookie");
        vary(&mut response, "cookie");
        let all: Vec<_> = response.headers().collect();
        assert_eq!(all, [("vary", &b"Accept, Origin"[..]), ("vary", b"cookie")]);
    }

    #[test]
    fn a_star_says_it_all() {
        let mut response = Response::new(StatusCode::OK).with_header("vary", "*").expect("valid");
        vary(&mut response, "origin");
        assert_eq!(response.headers().count(), 1);
    }
}
