//! Hosts as the first part of a route.

use crate::http1::Head;

/// The hosts that an app answers for: `example.com`, or `*.example.com` for all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// In small letters, without the `*`; with its dot when it was there.
    name: Box<str>,
    below: bool,
}

impl Host {
    /// # Errors
    ///
    /// Why it is no host.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (below, name) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let rest = if below { name.strip_prefix('.') } else { Some(name) };
        let is_ip = rest.is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']') && !below);
        let is_name = |rest: &str| {
            rest.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            })
        };
        if !is_ip && !rest.is_some_and(is_name) {
            return Err(format!(
                "`{text}` is no host: one looks like `example.com`, `*.example.com` or `[::1]`, without a port"
            ));
        }
        Ok(Self { name: name.to_ascii_lowercase().into(), below })
    }

    /// Whether a host without port, in small letters, is one of these.
    pub(super) fn is_match(&self, host: &str) -> bool {
        if self.below {
            host.len() > self.name.len() && host.ends_with(&*self.name)
        } else {
            *self.name == *host
        }
    }

    /// The more particular is the smaller.
    pub(super) fn rank(&self) -> (bool, std::cmp::Reverse<usize>) {
        (self.below, std::cmp::Reverse(self.name.len()))
    }

    /// The host that a request asks for: in small letters, without port and without the dot of the root.
    pub(super) fn of(head: &Head) -> Option<String> {
        let host = head.host()?;
        let end = match host.find(']') {
            Some(end) => end + 1,
            None => host.find(':').unwrap_or(host.len()),
        };
        let host = host.get(..end).unwrap_or(host);
        Some(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn a_star_stands_for_all_below_and_not_for_the_host_itself() {
        let host = Host::parse("*.Example.com").expect("it is valid");
        assert!(host.is_match("a.example.com") && host.is_match("a.b.example.com"));
        assert!(
            !host.is_match("example.com")
                && !host.is_match("badexample.com")
                && !host.is_match(".example.com")
        );
    }

    #[test]
    fn what_is_no_host_is_told() {
        for text in ["", "*", "*.", "a..b", "a.com:80", "http://a", "a.*", "*a.com"] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
        assert!(Host::parse("[::1]").is_ok());
    }

    #[test]
    fn port_case_and_the_last_dot_do_not_count() {
        for (host, wanted) in
            [("A.Com:80", "a.com"), ("a.com.", "a.com"), ("[::1]:80", "[::1]"), ("a.com.:1", "a.com")]
        {
            let request = Request::sample(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), "");
            assert_eq!(Host::of(request.head()).as_deref(), Some(wanted));
        }
    }
}
