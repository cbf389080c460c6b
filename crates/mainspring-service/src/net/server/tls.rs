use std::future::Future;

use crate::net::builders::builders;
use crate::net::tls::{Reload, ServerTls};
use crate::net::{Connection, Listener, Options};
use crate::{Context, Outcome, Result, Service};

/// A service that runs a handler for each TLS connection, once the handshake is done.
///
/// The handshake runs in the connection's own task and within a bound: a client that never finishes it
/// holds up nobody. A handshake that fails is counted, told to
/// [`Options::on_failure`] and logged at the debug level.
///
/// ```no_run
/// use mainspring_service::Entrypoint;
/// use mainspring_service::net::{Connection, TlsServer, tls::ServerTls};
/// use tokio::io::AsyncWriteExt;
///
/// async fn hello(mut client: Connection) -> std::io::Result<()> {
///     client.write_all(b"hello\n").await
/// }
/// let server = TlsServer::bind("127.0.0.1:8443", ServerTls::pem("cert.pem", "key.pem"), hello);
/// Entrypoint::new("demo").service(server).run_until(async {}).unwrap();
/// ```
pub struct TlsServer<H> {
    name: String,
    address: String,
    tls: ServerTls,
    options: Options,
    handler: H,
}

impl<H, Fut> TlsServer<H>
where
    H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A server at an address such as `127.0.0.1:8443`, or `unix:` and a path, bound when the service
    /// starts.
    #[track_caller]
    pub fn bind(address: impl ToString, tls: ServerTls, handler: H) -> Self {
        let (name, address) = ("tls".to_owned(), address.to_string());
        TlsServer { name, address, tls, options: Options::new(), handler }
    }

    /// The handle that loads the certificate again while the server runs.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.tls.reload()
    }
}

impl<H, Fut> Service for TlsServer<H>
where
    H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let listener = Listener::bind(cx, "tls", &self.address, &self.options).await?;
        let listener = listener.tls(cx, &self.tls).await?;
        cx.ready();
        listener.serve(cx, self.handler.clone()).await
    }
}

builders! {
    TlsServer<H>, "tls", shows address,
    /// How its connections are treated.
    options: Options
}
