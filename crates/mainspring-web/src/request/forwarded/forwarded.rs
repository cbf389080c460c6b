//! The client behind trusted proxies.

use std::net::IpAddr;

use super::hops;
use super::proxies::TrustedProxies;
use crate::error::Error;
use crate::request::{FromRequestParts, Request};

/// Who the client is and what it asked for, as far as trusted proxies tell.
///
/// The chain of proxies is walked from the connection outwards, as long as who speaks is one of the app's
/// [`TrustedProxies`]; the first that is not is the client. Without trusted proxies that is the connection's
/// peer, whatever the headers claim.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Forwarded, TrustedProxies};
///
/// async fn who(forwarded: Forwarded) -> String {
///     match forwarded.client() {
///         Some(client) => format!("{client} over {}", forwarded.scheme().unwrap_or("http")),
///         None => "somebody".into(),
///     }
/// }
///
/// let app = App::new().state(TrustedProxies::new(["10.0.0.0/8"]).unwrap()).get("/who", who);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    client: Option<IpAddr>,
    host: Option<String>,
    scheme: Option<String>,
}

impl Forwarded {
    /// Reads it from a request, believing these proxies.
    pub fn of(request: &Request, proxies: &TrustedProxies) -> Self {
        let peer = request.peer().map(|peer| peer.ip().to_canonical());
        let mut forwarded = Self { client: peer, host: request.host().map(str::to_owned), scheme: None };
        if !peer.is_some_and(|peer| proxies.trusts(peer)) {
            return forwarded;
        }
        let head = request.head();
        for hop in if proxies.standard { hops::forwarded(head) } else { hops::x_forwarded(head) } {
            forwarded.host = hop.host.or(forwarded.host);
            forwarded.scheme = hop.scheme.or(forwarded.scheme);
            match hop.client {
                Some(client) => forwarded.client = Some(client),
                // Hidden, or not told: this proxy is the last of whom anything is known.
                None => break,
            }
            if !forwarded.client.is_some_and(|client| proxies.trusts(client)) {
                break;
            }
        }
        forwarded
    }

    /// The client's address; `None` when the connection has none.
    pub fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// The host that the client asked for.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The scheme that the client used (`https`); `None` when no trusted proxy tells.
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }
}

impl FromRequestParts for Forwarded {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        if let Some(known) = request.extensions().get::<Self>() {
            return Ok(known.clone());
        }
        let none = TrustedProxies::none();
        let proxies = request.state::<TrustedProxies>().unwrap_or(&none);
        Ok(Self::of(request, proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(lines: &str, peer: &str, proxies: &TrustedProxies) -> Forwarded {
        let head = format!("GET / HTTP/1.1\r\nHost: inner\r\n{lines}\r\n");
        let mut request = Request::sample(&head, "");
        request.set_peer(peer.parse().ok());
        Forwarded::of(&request, proxies)
    }

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8"]).unwrap()
    }

    fn client(forwarded: &Forwarded) -> String {
        forwarded.client().map(|client| client.to_string()).unwrap_or_default()
    }

    const CLAIM: &str = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n";

    #[test]
    fn nobody_is_believed_by_default() {
        let forwarded = forwarded(CLAIM, "10.0.0.1:80", &TrustedProxies::none());
        assert_eq!(client(&forwarded), "10.0.0.1");
        assert_eq!((forwarded.host(), forwarded.scheme()), (Some("inner"), None));
    }

    #[test]
    fn a_trusted_proxy_tells_client_scheme_and_host() {
        let forwarded = forwarded(CLAIM, "10.0.0.1:80", &proxies());
        assert_eq!(client(&forwarded), "192.0.2.1");
        assert_eq!((forwarded.host(), forwarded.scheme()), (Some("a"), Some("https")));
    }

    #[test]
    fn a_client_cannot_pretend_to_be_behind_itself() {
        let forwarded = forwarded("X-Forwarded-For: 1.1.1.1, 192.0.2.1\r\n", "10.0.0.1:80", &proxies());
        assert_eq!(client(&forwarded), "192.0.2.1");
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_walked() {
        let lines = "X-Forwarded-For: 1.1.1.1, 192.0.2.1, 10.0.0.3\r\nX-Forwarded-For: 10.0.0.2\r\n";
        assert_eq!(client(&forwarded(lines, "10.0.0.1:80", &proxies())), "192.0.2.1");
    }

    #[test]
    fn only_one_kind_of_header_is_read() {
        let lines = "Forwarded: for=192.0.2.9\r\nX-Forwarded-For: 192.0.2.1\r\n";
        assert_eq!(client(&forwarded(lines, "10.0.0.1:80", &proxies())), "192.0.2.1");
        assert_eq!(client(&forwarded(lines, "10.0.0.1:80", &proxies().with_forwarded())), "192.0.2.9");
    }

    #[test]
    fn a_hidden_client_ends_the_chain() {
        let lines = "Forwarded: for=1.1.1.1, for=_hidden;proto=https\r\n";
        let forwarded = forwarded(lines, "10.0.0.1:80", &proxies().with_forwarded());
        assert_eq!(client(&forwarded), "10.0.0.1");
        assert_eq!(forwarded.scheme(), Some("https"));
    }
}
