//! The origins that may ask.

use std::fmt;

use http::StatusCode;

use crate::error::Error;

pub(super) enum Origins {
    Any,
    Listed(Vec<Pattern>),
    Chosen(Box<dyn Fn(&str) -> bool + Send + Sync>),
}

/// An origin, or all below a domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Exact(String),
    /// `https://*.example.com`: the scheme with its slashes, and the end from the dot on.
    Below {
        scheme: String,
        end: String,
    },
}

impl Origins {
    pub(super) fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(origin)),
            Self::Chosen(choose) => choose(origin),
        }
    }
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let message = format!("{text:?} is no origin: {why}");
            Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message))
        };
        if text == "null" {
            return Ok(Self::Exact(text.to_owned()));
        }
        let Some((scheme, host)) = text.split_once("://") else {
            return wrong("it has the form scheme://host or scheme://host:port");
        };
        if scheme.is_empty() || host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            return wrong("it has the form scheme://host or scheme://host:port, without a path");
        }
        let text = text.to_ascii_lowercase();
        match host.strip_prefix('*') {
            None if host.contains('*') => wrong("a star stands for the first labels: https://*.example.com"),
            None => Ok(Self::Exact(text)),
            Some(end) if end.starts_with('.') && end.len() > 1 && !end.contains('*') => {
                let (scheme, end) = (format!("{scheme}://").to_ascii_lowercase(), end.to_ascii_lowercase());
                Ok(Self::Below { scheme, end })
            }
            Some(_) => wrong("a star stands for whole labels: https://*.example.com"),
        }
    }

    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Exact(exact) => origin.eq_ignore_ascii_case(exact),
            Self::Below { scheme, end } => {
                let origin = origin.to_ascii_lowercase();
                let host = origin.strip_prefix(scheme.as_str());
                let labels = host.and_then(|host| host.strip_suffix(end.as_str()));
                labels.is_some_and(|labels| {
                    !labels.is_empty()
                        && !labels.starts_with('.')
                        && labels.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                })
            }
        }
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Listed(patterns) => f.debug_tuple("Listed").field(patterns).finish(),
            Self::Chosen(_) => f.write_str("Chosen"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        Pattern::parse(pattern).expect(pattern).matches(origin)
    }

    #[test]
    fn an_origin_matches_itself_and_no_other() {
        assert!(matches("https://example.com", "https://Example.com"));
        for other in
            ["http://example.com", "https://example.com:8443", "https://example.com.evil.org", "null"]
        {
            assert!(!matches("https://example.com", other), "{other}");
        }
    }

    #[test]
    fn a_star_stands_for_labels_below_the_domain_only() {
        assert!(matches("https://*.example.com", "https://a.example.com"));
        assert!(matches("https://*.example.com", "https://a.b.example.com"));
        for other in [
            "https://example.com",
            "https://.example.com",
            "https://evilexample.com",
            "https://evil.org/.example.com",
            "https://evil.org?.example.com",
            "http://a.example.com",
        ] {
            assert!(!matches("https://*.example.com", other), "{other}");
        }
    }

    #[test]
    fn what_is_no_origin_is_told() {
        for text in
            ["example.com", "https://", "https://a/b", "https://a*", "https://*", "https://*a.com", "*"]
        {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
