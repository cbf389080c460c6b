//! Content codings, and which of them a client takes.

use super::Request;

/// How a body is compressed on its way (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// `zstd`, RFC 8878: small and fast.
    Zstd,
    /// `br`, RFC 7932: smallest for text.
    Brotli,
    /// `gzip`, RFC 1952: known to everybody.
    Gzip,
    /// `deflate`, the zlib format of RFC 1950.
    Deflate,
}

/// What an answer to a client may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The best of those that are offered.
    pub(crate) coding: Option<Coding>,
    /// Whether it may come as it is.
    pub(crate) identity: bool,
}

/// In thousandths, as a quality has three decimals at most.
type Quality = u16;

impl Coding {
    /// All of them, the best first.
    pub(crate) const ALL: [Self; 4] = [Self::Zstd, Self::Brotli, Self::Gzip, Self::Deflate];

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        // The old name is equal (RFC 9110 §8.4.1.3).
        let name = if name.eq_ignore_ascii_case("x-gzip") { "gzip" } else { name };
        Self::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name))
    }
}

impl Accepted {
    /// Chooses for a request (RFC 9110 §12.5.3). Of those that the client likes best, the first offered wins.
    pub(crate) fn of(request: &Request, offered: &[Coding]) -> Self {
        let lines = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
        let values: Vec<_> = lines.filter_map(|(_, value)| std::str::from_utf8(value).ok()).collect();
        Self::choose(&values, offered)
    }

    /// All of the offered that a request takes, the best first.
    pub(crate) fn all(request: &Request, offered: &[Coding]) -> Vec<Coding> {
        let mut left = offered.to_vec();
        let mut accepted = Vec::new();
        while let Some(best) = Self::of(request, &left).coding {
            left.retain(|coding| *coding != best);
            accepted.push(best);
        }
        accepted
    }

    fn choose(values: &[&str], offered: &[Coding]) -> Self {
        let items = || values.iter().flat_map(|value| value.split(',')).filter_map(item);
        let quality =
            |is: &dyn Fn(&str) -> bool| items().find(|(name, _)| is(name)).map(|(_, quality)| quality);
        let star = quality(&|name| name == "*");
        let mut best: Option<(Coding, Quality)> = None;
        for coding in offered {
            let own = quality(&|name| Coding::parse(name) == Some(*coding));
            let quality = own.or(star).unwrap_or(0);
            if quality > best.map_or(0, |(_, best)| best) {
                best = Some((*coding, quality));
            }
        }
        let own = quality(&|name| name.eq_ignore_ascii_case("identity"));
        let identity = own.or(star.filter(|star| *star == 0)).unwrap_or(1);
        // A client that likes it better uncompressed says so.
        let coding = best.filter(|(_, best)| own.is_none_or(|own| own <= *best)).map(|(coding, _)| coding);
        Self { coding, identity: identity > 0 }
    }
}

/// One element of the list: `gzip;q=0.8`. A quality that is none counts as 0.
fn item(text: &str) -> Option<(&str, Quality)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, weight.map_or(1000, |text| thousandths(text).unwrap_or(0))))
}

/// `0.8` as 800; at most three decimals, at most 1 (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<Quality> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: Quality = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(value: &str) -> (Option<&'static str>, bool) {
        let Accepted { coding, identity } = Accepted::choose(&[value], &Coding::ALL);
        (coding.map(Coding::name), identity)
    }

    #[test]
    fn the_quality_decides_and_then_our_order() {
        assert_eq!(choose("gzip, deflate, br, zstd"), (Some("zstd"), true));
        assert_eq!(choose("gzip;q=1.0, br;q=0.5"), (Some("gzip"), true));
        assert_eq!(choose("GZIP ; Q=0.3 , br;q=0.300"), (Some("br"), true));
        assert_eq!(choose("x-gzip"), (Some("gzip"), true));
    }

    #[test]
    fn a_star_stands_for_all_that_are_not_named() {
        assert_eq!(choose("*"), (Some("zstd"), true));
        assert_eq!(choose("zstd;q=0, *;q=0.5"), (Some("br"), true));
        assert_eq!(choose("*;q=0"), (None, false));
        assert_eq!(choose("*;q=0, identity"), (None, true));
    }

    #[test]
    fn identity_may_be_refused_or_preferred() {
        assert_eq!(choose("gzip, identity;q=0"), (Some("gzip"), false));
        assert_eq!(choose("identity;q=0"), (None, false));
        assert_eq!(choose("identity, gzip;q=0.5"), (None, true));
        assert_eq!(choose("identity;q=0.5, gzip;q=0.5"), (Some("gzip"), true));
    }

    #[test]
    fn nothing_asked_is_nothing_coded() {
        assert_eq!(choose(""), (None, true));
        assert_eq!(choose("exi, compress"), (None, true));
        assert_eq!(choose("gzip;q=0"), (None, true));
    }

    #[test]
    fn all_that_are_taken_come_the_best_first() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br;q=0.5, zstd;q=0\r\n\r\n";
        assert_eq!(Accepted::all(&Request::sample(head, ""), &Coding::ALL), [Coding::Gzip, Coding::Brotli]);
    }

    #[test]
    fn a_malformed_quality_is_none() {
        for text in ["2", "1.001", "0.1234", "-1", "x", "", "0,5", "1.0001"] {
            assert_eq!(choose(&format!("gzip;q={text}")).0, None, "{text}");
        }
    }
}
