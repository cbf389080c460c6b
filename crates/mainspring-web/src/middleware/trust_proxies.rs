//! The client behind proxies.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Middleware, Next};
use crate::request::{Forwarded, Request, TrustedProxies};
use crate::response::Response;

/// Has everything that follows see the client where a proxy speaks for it: as the peer, with the host it asked for.
///
/// What proxies say is believed along [`TrustedProxies`] only; anybody else's headers are ignored. `PeerAddr`, the
/// access log and rates by address then mean the client (with port 0, as proxies do not tell it), `Host` is the one
/// that the client used, and the extractor [`Forwarded`] gives it all. Add it before whatever looks at addresses.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, PeerAddr, TrustedProxies};
/// use mainspring_web::middleware::TrustProxies;
///
/// let proxies = TrustProxies::new(TrustedProxies::new(["10.0.0.0/8"])?);
/// let app = App::new().middleware(proxies).get("/", |PeerAddr(peer): PeerAddr| async move { peer.to_string() });
/// assert!(app.build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustProxies {
    proxies: TrustedProxies,
}

impl TrustProxies {
    /// Makes one that believes these proxies.
    pub fn new(proxies: TrustedProxies) -> Self {
        Self { proxies }
    }
}

impl Middleware for TrustProxies {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let forwarded = Forwarded::of(&request, &self.proxies);
        if let (Some(client), Some(peer)) = (forwarded.client(), request.peer())
            && client != peer.ip().to_canonical()
        {
            request.set_peer(Some(SocketAddr::new(client, 0)));
            if let Some(host) = forwarded.host().filter(|host| request.host() != Some(host)) {
                // What is no value of a header is no host either, and not believed.
                let _refused = request.insert("host", host);
            }
        }
        request.extensions_mut().insert(forwarded);
        next.run(request).await
    }
}
