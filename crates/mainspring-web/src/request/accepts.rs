//! What the client would rather have (RFC 9110 §12.5.1).

use super::request::Request;

/// How much a media type is wanted, from 0 (not at all) to 1000; without an `Accept`, everything is.
pub(crate) fn quality(request: &Request, media_type: &str) -> u16 {
    let range = |media_type: &str| media_type.split_once('/').map(|(kind, _)| format!("{kind}/*"));
    let is_free = !request.headers().any(|(name, _)| name.eq_ignore_ascii_case("accept"));
    named(request, media_type)
        .or_else(|| named(request, &range(media_type)?))
        .or_else(|| named(request, "*/*"))
        .unwrap_or(if is_free { 1000 } else { 0 })
}

/// The same, only if it is named as it stands here.
pub(crate) fn named(request: &Request, media_type: &str) -> Option<u16> {
    let lines = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    let elements = lines.filter_map(|(_, value)| std::str::from_utf8(value).ok()).flat_map(|v| v.split(','));
    let found = elements.into_iter().filter_map(|element| {
        let mut parts = element.split(';').map(str::trim_ascii);
        parts.next().filter(|name| name.eq_ignore_ascii_case(media_type))?;
        let weight =
            parts.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
        Some(weight.map_or(1000, weight_of))
    });
    found.max()
}

/// `0.5` is 500; what is malformed weighs nothing.
fn weight_of(text: &str) -> u16 {
    let weight = text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.map_or(0, |weight| (weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        let accept = "text/*;q=0.3, text/plain;q=0.7, */*;q=0.5, image/png;q=x";
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
        let request = Request::sample(&head, "");
        let rows = [("text/plain", 700), ("text/html", 300), ("image/jpeg", 500), ("image/png", 0)];
        for (media_type, expected) in rows {
            assert_eq!(quality(&request, media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn without_accept_everything_is_wanted() {
        let request = Request::sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
        assert_eq!(quality(&request, "text/plain"), 1000);
        assert_eq!(named(&request, "text/plain"), None);
    }
}
