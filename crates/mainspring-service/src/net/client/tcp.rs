use std::future::Future;
use std::marker::PhantomData;

use super::Reconnect;
use super::line::Line;
use crate::net::builders::builders;
use crate::net::{Connection, Stream};
use crate::{Context, Outcome, Result, Service};

/// A service that keeps a TCP connection to a server and runs a handler with it.
///
/// When the handler ends, for whatever reason, it connects again after a pause; see [`Reconnect`]. Its
/// start fails, with an error that names the address, when the first connection cannot be made in time.
/// When the service is to stop, the handler is cancelled where it awaits; guards such as
/// [`finally`](mainspring_task::cancel::finally) still run.
///
/// ```no_run
/// use mainspring_service::{Entrypoint, net::{Connection, TcpClient}};
/// use tokio::io::AsyncReadExt;
///
/// async fn listen(mut feed: Connection) -> std::io::Result<()> {
///     while feed.read_u8().await? != b'.' {}
///     Ok(())
/// }
/// Entrypoint::new("demo").service(TcpClient::connect("feed.example:7000", listen)).run_until(async {}).unwrap();
/// ```
pub struct TcpClient<H, S = Connection> {
    name: String,
    address: String,
    reconnect: Reconnect,
    handler: H,
    takes: PhantomData<fn(S)>,
}

impl<H, S, Fut> TcpClient<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A client of the server at an address such as `example.com:7000`, or `unix:` and a path.
    #[track_caller]
    pub fn connect(address: impl ToString, handler: H) -> Self {
        let (name, address) = ("tcp-client".to_owned(), address.to_string());
        TcpClient { name, address, reconnect: Reconnect::new(), handler, takes: PhantomData }
    }
}

impl<H, S, Fut> Service for TcpClient<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let line = Line { address: self.address.clone(), reconnect: self.reconnect.clone(), tls: None };
        line.keep(cx, &self.handler).await
    }
}

builders! {
    TcpClient<H, S>, "tcp-client", shows address,
    /// When it connects again.
    reconnect: Reconnect
}
