use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::text::{Unfit, from_text};

const EXPECTED: &str = "an address such as \"127.0.0.1:8080\", \"[::1]:8080\" or \"example.org:443\"";

/// A host and a port, to listen on or to connect to: `"127.0.0.1:8080"`, `"[::1]:8080"`, `"example.org:443"`.
///
/// It is checked for its form only; whether the host exists is found out when it is used. Port 0 means any that is
/// free. A server's `bind` takes it as it is.
///
/// ```
/// use mainspring_service::config::Address;
///
/// let address: Address = "[::1]:8080".parse().unwrap();
/// assert_eq!((address.host(), address.port()), ("::1", 8080));
/// assert!("8080".parse::<Address>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// An address of its parts.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Address { host: host.into(), port }
    }

    /// The name or the number of the machine, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        parse(text.trim()).ok_or(Unfit(EXPECTED))
    }
}

fn parse(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    if !port.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let port = port.parse().ok()?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|host| host.parse::<Ipv6Addr>().is_ok())?,
        None => host,
    };
    let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let fits = !host.is_empty() && (named || host.parse::<Ipv6Addr>().is_ok() && text.starts_with('['));
    fits.then(|| Address::new(host, port))
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, EXPECTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["127.0.0.1:0", "[::1]:8080", "example.org:443", "my_host-1:1"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", ":80", "host", "host:", "host:+1", "host:65536", "::1:80", "[::1]", "[x]:1", "a b:1"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
