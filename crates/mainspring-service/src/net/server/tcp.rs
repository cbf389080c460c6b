use std::future::Future;
use std::marker::PhantomData;

use crate::net::builders::builders;
use crate::net::{Connection, Listener, Options, Stream};
use crate::{Context, Outcome, Result, Service};

/// A service that runs a handler for each TCP connection.
///
/// The handler takes a [`Connection`], which serves other kinds of sockets as well, or the bare
/// [`TcpStream`](tokio::net::TcpStream), for which neither TLS nor an idle time-out can be set. Its error
/// is logged with the peer's address and ends that connection only. At shutdown the port is closed first;
/// handlers that are at work are given the grace to end.
///
/// ```
/// use mainspring_service::{Entrypoint, net::{Connection, TcpServer}};
/// use tokio::io::AsyncWriteExt;
///
/// async fn hello(mut client: Connection) -> std::io::Result<()> {
///     client.write_all(b"hello\n").await
/// }
/// Entrypoint::new("demo").service(TcpServer::bind("127.0.0.1:0", hello)).run_until(async {}).unwrap();
/// ```
pub struct TcpServer<H, S = Connection> {
    name: String,
    address: String,
    options: Options,
    handler: H,
    takes: PhantomData<fn(S)>,
}

impl<H, S, Fut> TcpServer<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A server at an address such as `127.0.0.1:8888`, bound when the service starts.
    #[track_caller]
    pub fn bind(address: impl ToString, handler: H) -> Self {
        let (name, address) = ("tcp".to_owned(), address.to_string());
        TcpServer { name, address, options: Options::new(), handler, takes: PhantomData }
    }
}

impl<H, S, Fut> Service for TcpServer<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let listener = Listener::bind(cx, "tcp", &self.address, &self.options).await?;
        listener.check::<S>()?;
        cx.ready();
        listener.serve(cx, self.handler.clone()).await
    }
}

builders! {
    TcpServer<H, S>, "tcp", shows address,
    /// How its connections are treated.
    options: Options
}
