//! Which compressed sibling of a file a client takes (RFC 9110 §12.5.3).

/// A content coding and the ending of files that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) name: &'static str,
    pub(super) ending: &'static str,
}

/// From the smallest outcome on.
const KNOWN: [Coding; 3] = [
    Coding { name: "br", ending: ".br" },
    Coding { name: "zstd", ending: ".zst" },
    Coding { name: "gzip", ending: ".gz" },
];

/// The codings that a value of `accept-encoding` takes, the best first.
pub(super) fn accepted(header: Option<&str>) -> Vec<Coding> {
    let Some(header) = header else { return Vec::new() };
    let mut accepted: Vec<(u16, Coding)> =
        KNOWN.into_iter().map(|coding| (weight(header, coding.name), coding)).collect();
    accepted.retain(|(weight, _)| *weight > 0);
    // Stable: of equal weights ours come in our order.
    accepted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    accepted.into_iter().map(|(_, coding)| coding).collect()
}

/// The weight of a coding in thousandths; 0 when it is not taken.
fn weight(header: &str, name: &str) -> u16 {
    let mut star = 0;
    for part in header.split(',') {
        let (coding, parameters) = part.split_once(';').unwrap_or((part, ""));
        let coding = coding.trim();
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
        // `as` saturates, so nonsense is the nearest weight.
        let weight = (weight.unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0) as u16;
        if coding.eq_ignore_ascii_case(name) || (name == "gzip" && coding.eq_ignore_ascii_case("x-gzip")) {
            return weight;
        }
        if coding == "*" {
            star = weight;
        }
    }
    star
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &str) -> Vec<&'static str> {
        accepted(Some(header)).into_iter().map(|coding| coding.name).collect()
    }

    #[test]
    fn the_client_s_weights_come_first_and_our_order_second() {
        assert_eq!(names("gzip, br"), ["br", "gzip"]);
        assert_eq!(names("gzip;q=1.0, br;q=0.5"), ["gzip", "br"]);
        assert_eq!(names("GZIP"), ["gzip"]);
    }

    #[test]
    fn what_has_no_weight_is_not_taken() {
        assert_eq!(names("br;q=0, *"), ["zstd", "gzip"]);
        assert_eq!(names("identity"), Vec::<&str>::new());
        assert_eq!(names(""), Vec::<&str>::new());
        assert!(accepted(None).is_empty());
    }
}
