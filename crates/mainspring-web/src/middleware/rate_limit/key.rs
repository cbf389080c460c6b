//! Who shares a rate.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use crate::request::Request;

/// Hashes what tells clients apart, under secret keys: whatever clients send, a key takes 16 bytes, and nobody can
/// make two of them collide.
pub(super) struct Keys {
    source: Source,
    hashers: [RandomState; 2],
}

pub(super) enum Source {
    Peer,
    Header(String),
    Closure(Closure),
}

pub(super) type Closure = Box<dyn Fn(&Request) -> Option<String> + Send + Sync>;

impl Keys {
    pub(super) fn new(source: Source) -> Self {
        Self { source, hashers: [RandomState::new(), RandomState::new()] }
    }

    /// The key of a request; `None` when it is not limited.
    pub(super) fn of(&self, request: &Request) -> Option<u128> {
        match &self.source {
            // Whoever has an IPv6 address has 2^64 of them.
            Source::Peer => Some(match request.peer().map(|peer| peer.ip().to_canonical()) {
                Some(IpAddr::V4(address)) => u128::from(address.to_bits()),
                Some(IpAddr::V6(address)) => address.to_bits() >> 64 << 64,
                None => u128::MAX,
            }),
            Source::Header(name) => Some(self.hash(request.head().fields().find(name).unwrap_or_default())),
            Source::Closure(closure) => closure(request).map(|text| self.hash(text.as_bytes())),
        }
    }

    fn hash(&self, bytes: &[u8]) -> u128 {
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(bytes)));
        high << 64 | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(peer: &str) -> Option<u128> {
        let mut request = Request::sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
        request.set_peer(Some(peer.parse().expect(peer)));
        Keys::new(Source::Peer).of(&request)
    }

    #[test]
    fn one_address_is_one_key_whatever_its_port_and_form() {
        assert_eq!(key("10.0.0.1:1"), key("10.0.0.1:2"));
        assert_eq!(key("10.0.0.1:1"), key("[::ffff:10.0.0.1]:1"));
        assert_ne!(key("10.0.0.1:1"), key("10.0.0.2:1"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_key() {
        assert_eq!(key("[2001:db8::1]:1"), key("[2001:db8::ffff:ffff]:1"));
        assert_ne!(key("[2001:db8::1]:1"), key("[2001:db8:0:1::1]:1"));
    }
}
