//! The steps of a request from proxy to proxy, as the headers tell them.

use std::net::{IpAddr, SocketAddr};

use crate::http1::Head;

/// What one proxy says of who came to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    /// `None` when it is hidden or no address.
    pub(super) client: Option<IpAddr>,
    pub(super) host: Option<String>,
    pub(super) scheme: Option<String>,
}

/// The values of all lines of a header, in order, without what is no text.
fn lines<'a>(head: &'a Head, name: &'static str) -> impl Iterator<Item = &'a str> {
    let fields = head.fields().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
    fields.filter_map(|(_, value)| std::str::from_utf8(value).ok())
}

/// The `X-Forwarded-` headers, the nearest proxy first.
///
/// `-Proto` and `-Host` have either a value per proxy or one that the nearest wrote over all others.
pub(super) fn x_forwarded(head: &Head) -> Vec<Hop> {
    let list =
        |name| lines(head, name).flat_map(|line| line.split(',')).map(str::trim_ascii).collect::<Vec<_>>();
    let clients = list("x-forwarded-for");
    let (hosts, schemes) = (list("x-forwarded-host"), list("x-forwarded-proto"));
    let beside = |values: &[&str], back: usize| {
        let each = values.len() == clients.len();
        let value = if each || back == 0 { values.iter().rev().nth(back) } else { values.last() };
        value.filter(|value| !value.is_empty()).map(|value| (*value).to_owned())
    };
    let hops = clients.len().max(usize::from(!hosts.is_empty() || !schemes.is_empty()));
    let hop = |back: usize| Hop {
        client: clients.iter().rev().nth(back).and_then(|client| address(client)),
        host: beside(&hosts, back),
        scheme: beside(&schemes, back).map(|scheme| scheme.to_ascii_lowercase()),
    };
    (0..hops).map(hop).collect()
}

/// The `Forwarded` header (RFC 7239 §4), the nearest proxy first. A malformed element says nothing.
pub(super) fn forwarded(head: &Head) -> Vec<Hop> {
    let elements = lines(head, "forwarded").flat_map(|line| split(line, ','));
    let mut hops: Vec<_> = elements.map(hop).collect();
    hops.reverse();
    hops
}

fn hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split(element, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let Some(value) = unquoted(value.trim_ascii()) else { continue };
        match name.trim_ascii().to_ascii_lowercase().as_str() {
            "for" => hop.client = address(&value),
            "host" => hop.host = Some(value),
            "proto" => hop.scheme = Some(value.to_ascii_lowercase()),
            _ => {}
        }
    }
    hop
}

/// Splits where the separator stands outside of quotation marks.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter| {
        let was_escaped = std::mem::take(&mut escaped);
        match letter {
            '"' if !was_escaped => quoted = !quoted,
            '\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        letter == separator && !quoted
    })
    .map(str::trim_ascii)
}

/// The text of a token or a quoted string; `None` when its quotation does not end.
fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let inner = inner.strip_suffix('"')?;
    let mut letters = inner.chars();
    let mut text = String::with_capacity(inner.len());
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next()? } else { letter });
    }
    Some(text)
}

/// An address with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn head(lines: &str) -> Head {
        Request::sample(&format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"), "").head().clone()
    }

    fn clients(hops: &[Hop]) -> Vec<Option<String>> {
        hops.iter().map(|hop| hop.client.map(|client| client.to_string())).collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let hops = forwarded(&head(
            "Forwarded: for=\"_gazonk\"\r\nForwarded: For=\"[2001:db8:cafe::17]:4711\"\r\n\
             Forwarded: for=192.0.2.60;proto=HTTP;by=203.0.113.43, for=198.51.100.17\r\n",
        ));
        let expected = [Some("198.51.100.17"), Some("192.0.2.60"), Some("2001:db8:cafe::17"), None];
        assert_eq!(clients(&hops), expected.map(|client| client.map(str::to_owned)));
        assert_eq!(hops[1].scheme.as_deref(), Some("http"));
    }

    #[test]
    fn separators_within_quotation_marks_do_not_separate() {
        let hops = forwarded(&head("Forwarded: host=\"a,b;c\\\"d\";for=10.0.0.1, for=10.0.0.2\r\n"));
        assert_eq!(hops.len(), 2);
        assert_eq!(hops[1].host.as_deref(), Some("a,b;c\"d"));
        assert_eq!(hops[1].client, Some([10, 0, 0, 1].into()));
    }

    #[test]
    fn x_forwarded_values_stand_beside_each_other() {
        let hops = x_forwarded(&head(
            "X-Forwarded-For: 192.0.2.1, 10.0.0.1:1234\r\nX-Forwarded-Proto: https, http\r\n\
             X-Forwarded-Host: cats.example\r\n",
        ));
        assert_eq!(clients(&hops), [Some("10.0.0.1".to_owned()), Some("192.0.2.1".to_owned())]);
        let schemes: Vec<_> = hops.iter().map(|hop| hop.scheme.as_deref()).collect();
        assert_eq!(schemes, [Some("http"), Some("https")]);
        assert_eq!(hops[1].host.as_deref(), Some("cats.example"));
    }

    #[test]
    fn a_scheme_may_come_without_a_client() {
        let hops = x_forwarded(&head("X-Forwarded-Proto: https\r\n"));
        assert_eq!(hops.len(), 1);
        assert_eq!((hops[0].client, hops[0].scheme.as_deref()), (None, Some("https")));
    }
}
