use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// How many bits say that an IPv6 address is one of IPv4 in disguise (`::ffff:0:0/96`).
const MAPPED: u8 = 96;

/// A range of addresses, written `10.0.0.0/8`, or one, written `::1`.
///
/// ```
/// use mainspring_service::net::Network;
///
/// let network: Network = "10.1.0.0/16".parse().unwrap();
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(!network.contains("10.2.0.1".parse().unwrap()));
/// assert!("10.0.0.0/33".parse::<Network>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text is no [`Network`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseNetworkError {
    text: String,
}

impl Network {
    fn new(address: IpAddr, prefix: u8) -> Self {
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) if address.is_ipv6() && prefix >= MAPPED => {
                Network { address: v4, prefix: prefix - MAPPED }
            }
            _ => Network { address, prefix },
        }
    }

    /// The address is in the range. An IPv4 address in the guise of IPv6 counts as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let parse = || {
            let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
            let address: IpAddr = address.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let prefix = match prefix {
                None => longest,
                Some(prefix) if prefix.starts_with(|first: char| first.is_ascii_digit()) => {
                    prefix.parse().ok()?
                }
                Some(_) => return None,
            };
            (prefix <= longest).then(|| Network::new(address, prefix))
        };
        parse().ok_or_else(|| ParseNetworkError { text: text.to_owned() })
    }
}

impl fmt::Display for ParseNetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no network: expected an address or one with a prefix, as 10.0.0.0/8", self.text)
    }
}

impl std::error::Error for ParseNetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_prefix_of_any_length_is_honoured() {
        assert!(within("0.0.0.0/0", "255.255.255.255"));
        assert!(within("10.0.0.0/9", "10.127.0.1"));
        assert!(!within("10.0.0.0/9", "10.128.0.1"));
        assert!(within("::/0", "::1"));
        assert!(within("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!within("2001:db8::/33", "2001:db8:8000::1"));
        assert!(within("192.0.2.1", "192.0.2.1"));
        assert!(!within("192.0.2.1", "192.0.2.0"));
    }

    #[test]
    fn families_do_not_mix_but_a_mapped_address_is_ipv4() {
        assert!(!within("0.0.0.0/0", "::1"));
        assert!(!within("::/0", "127.0.0.1"));
        assert!(within("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(within("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(within("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(!within("::ffff:10.0.0.0/104", "11.1.2.3"));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in
            ["", "10.0.0.0/", "10.0.0.0/33", "::/129", "ten", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8"]
        {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no network")), "{error}");
        }
    }
}
