//! Which proxies are believed.

use std::net::IpAddr;

use http::StatusCode;

use crate::error::Error;

/// The proxies whose word on the client counts, and where they put it.
///
/// Give it to the app by [`App::state`](crate::App::state); without one, nobody is believed. Only list proxies
/// that you run yourself: whoever is listed can claim to be anybody.
///
/// Most proxies write `X-Forwarded-For`, `-Proto` and `-Host`; that is the default. One that writes the
/// `Forwarded` header of RFC 7239 wants [`with_forwarded`](Self::with_forwarded). Only the one or the other is
/// ever read, as a proxy hands on untouched what it does not know: the client may have written it.
///
/// # Examples
///
/// ```
/// use mainspring_web::TrustedProxies;
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"]).unwrap();
/// assert!(proxies.trusts("10.1.2.3".parse().unwrap()));
/// assert!(!proxies.trusts("11.1.2.3".parse().unwrap()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    pub(super) standard: bool,
}

/// An address and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl TrustedProxies {
    /// Believes nobody.
    pub fn none() -> Self {
        Self::default()
    }

    /// Believes the proxies of these addresses (`192.0.2.1`) and networks (`192.0.2.0/24`).
    ///
    /// # Errors
    ///
    /// When one is neither; the message names it.
    pub fn new<N: AsRef<str>>(networks: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        let networks = networks.into_iter().map(|text| Network::parse(text.as_ref()));
        Ok(Self { networks: networks.collect::<Result<_, _>>()?, standard: false })
    }

    /// Reads the `Forwarded` header in place of the `X-Forwarded-` ones.
    #[must_use]
    pub fn with_forwarded(mut self) -> Self {
        self.standard = true;
        self
    }

    /// Whether the proxy of this address is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.holds(address))
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let message = format!("{text:?} is neither an address nor a network (192.0.2.0/24)");
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        };
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), str::parse).map_err(|_| wrong())?;
        if bits > all { Err(wrong()) } else { Ok(Self { address, bits }) }
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_begins_like_them() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/9", "10.128.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ];
        for (network, address, expected) in rows {
            let proxies = TrustedProxies::new([network]).unwrap();
            assert_eq!(proxies.trusts(address.parse().unwrap()), expected, "{address} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in ["10.0.0.0/33", "::/129", "localhost", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(TrustedProxies::new([text]).unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
