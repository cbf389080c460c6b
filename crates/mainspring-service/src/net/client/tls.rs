use std::future::Future;

use super::Reconnect;
use super::line::Line;
use crate::net::Connection;
use crate::net::builders::builders;
use crate::net::tls::ClientTls;
use crate::{Context, Outcome, Result, Service};

/// A service that keeps a TLS connection to a server and runs a handler with it.
///
/// As [`TcpClient`](super::TcpClient), with a handshake after each connect. The files are read once, when
/// the service starts; what is wrong with them fails the start at once.
///
/// ```no_run
/// use mainspring_service::Entrypoint;
/// use mainspring_service::net::{Connection, TlsClient, tls::ClientTls};
/// use tokio::io::AsyncReadExt;
///
/// async fn listen(mut feed: Connection) -> std::io::Result<()> {
///     while feed.read_u8().await? != b'.' {}
///     Ok(())
/// }
/// let client = TlsClient::connect("feed.example:7443", ClientTls::new(), listen);
/// Entrypoint::new("demo").service(client).run_until(async {}).unwrap();
/// ```
pub struct TlsClient<H> {
    name: String,
    address: String,
    tls: ClientTls,
    reconnect: Reconnect,
    handler: H,
}

impl<H, Fut> TlsClient<H>
where
    H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A client of the server at an address such as `example.com:7443`.
    #[track_caller]
    pub fn connect(address: impl ToString, tls: ClientTls, handler: H) -> Self {
        let (name, address) = ("tls-client".to_owned(), address.to_string());
        TlsClient { name, address, tls, reconnect: Reconnect::new(), handler }
    }
}

impl<H, Fut> Service for TlsClient<H>
where
    H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let tls = Some(self.tls.start(&self.address).await?);
        let line = Line { address: self.address.clone(), reconnect: self.reconnect.clone(), tls };
        line.keep(cx, &self.handler).await
    }
}

builders! {
    TlsClient<H>, "tls-client", shows address,
    /// When it connects again.
    reconnect: Reconnect
}
