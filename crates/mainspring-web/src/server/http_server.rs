//! The service that serves an app.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mainspring_service::net::tls::ServerTls;
use mainspring_service::net::{Connection, Listener, Options};
use mainspring_service::{Context, Result, Service, Stopping};
use mainspring_task::cancel::finally;
use mainspring_task::task;
use pin_project_lite::pin_project;
use tokio::net::TcpStream;

use super::clock::{Clock, millis};
use super::connection;
use super::drain::ServiceDrain;
use super::exchange::{Lifespan, Site};
use super::timeouts::Timeouts;
use crate::app::{App, Failures, Lifecycle};
use crate::http1::Limits;
use crate::http2;

/// A service that answers HTTP requests on an address with an [`App`]: HTTP/1.1, 1.0 and 2.
///
/// Safe by default: sizes are bounded by [`Limits`], waits by [`Timeouts`], connections by the listener's
/// options. A handler that panics costs its request a 500 and nobody else anything.
///
/// Requests of one connection are handled one after the other, in order; a few kilobytes of what follows are read
/// ahead. A handler is called when the head of its request is there, and the body comes as fast as it is read.
///
/// # Clients that go away
///
/// While a handler waits, the server watches the client. When the client closes the connection or resets it, the
/// handler of a safe request (`GET`, `HEAD`, `OPTIONS`) is cancelled by [the one
/// mechanism](mainspring_task::cancel): its guards clean up within the grace, and nobody sees its outcome. The
/// stream of an answer to such a request is dropped. Any other handler runs to its end, for it may have begun to
/// change something. A client that ends only its own half, as `nc -N` does, counts as gone too, because a server
/// cannot tell the two apart. A client that has sent more requests than are read ahead is noticed later.
///
/// A handler that is ready at once, or that never waits, is not touched by any of this.
///
/// # The end
///
/// When the process stops, the port is closed and idle connections end at once; a connection with a request at
/// work answers it with `connection: close` and ends then.
///
/// # Errors
///
/// The start fails when the address cannot be bound or the app's routes make no sense; see
/// [`App::build`].
///
/// # Examples
///
/// ```
/// use mainspring_service::Entrypoint;
/// use mainspring_web::{App, HttpServer};
///
/// let server = HttpServer::bind("127.0.0.1:0", App::new().get("/", || async { "Meow." }));
/// Entrypoint::new("cat").service(server).run_until(async {}).unwrap();
/// ```
#[derive(Debug)]
pub struct HttpServer {
    name: String,
    address: String,
    tls: Option<ServerTls>,
    app: App,
    options: Options,
    limits: Limits,
    timeouts: Timeouts,
    life: Option<Arc<Lifecycle>>,
    lifespan: Lifespan,
}

impl HttpServer {
    /// A server at an address such as `127.0.0.1:8080`, bound when the service starts; port 0 takes a free one,
    /// `unix:` and a path bind a Unix socket.
    #[must_use]
    #[track_caller]
    pub fn bind(address: impl ToString, app: App) -> Self {
        Self {
            name: "http".to_owned(),
            address: address.to_string(),
            tls: None,
            app,
            options: Options::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            life: None,
            lifespan: Lifespan::default(),
        }
    }

    /// The name of the service. Default: `http`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How large a request may be.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long a client may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// For how long a connection is used, give or take a tenth: the first answer after that ends it.
    ///
    /// Behind a balancer this spreads old clients over new servers. Default: without end.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.lifespan.age = Some(millis(age));
        self
    }

    /// How many requests a connection may bring: the answer to the last of them ends it. Default: any number.
    #[must_use]
    pub fn max_requests(mut self, requests: u64) -> Self {
        self.lifespan.requests = Some(requests);
        self
    }

    /// Has connections begin with a TLS handshake, in which the client chooses HTTP/2 (`h2`) or HTTP/1.1 by ALPN.
    ///
    /// The certificate is loaded again at SIGHUP; connections go on with the one they began with.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_service::net::tls::ServerTls;
    /// use mainspring_web::{App, HttpServer};
    ///
    /// let app = App::new().get("/", || async { "Meow." });
    /// let server = HttpServer::bind("0.0.0.0:8443", app).tls(ServerTls::pem("cert.pem", "key.pem"));
    /// assert_eq!(server.address(), "0.0.0.0:8443");
    /// ```
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls.alpn([H2, HTTP11]));
        self
    }

    /// How connections are accepted: the backlog, and how many are served at once.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        let place = self.options.place;
        self.options = options;
        self.options.place = place;
        self
    }

    /// The address as it was given.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Service for HttpServer {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let life = Arc::new(Lifecycle::new(&self.app)?);
        // The stop of a service is called only once it was ready; until then its start cleans up after itself.
        let early = Arc::clone(&life);
        finally(self.serve(cx, life), async move {
            if !early.is_ready()
                && let Err(error) = early.cleanup().await
            {
                tracing::error!(%error, "the cleanup after a start that failed has failed too");
            }
        })
        .await
    }

    async fn stop(&mut self, _: &Context) -> Result {
        match self.life.take() {
            Some(life) => life.cleanup().await,
            None => Ok(()),
        }
    }
}

impl HttpServer {
    async fn serve(&mut self, cx: &Context, life: Arc<Lifecycle>) -> Result {
        let routes = life.start().await?;
        self.life = Some(Arc::clone(&life));
        let (clock, ticking) = Clock::new();
        let (limits, timeouts, lifespan) = (self.limits, self.timeouts, self.lifespan);
        let site = Arc::new(Site { routes, limits, timeouts, clock, lifespan });
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut listener = Listener::bind(cx, scheme, &self.address, &self.options).await?;
        if let Some(tls) = &self.tls {
            listener = listener.tls(cx, tls).await?;
        }
        // Not a task of the service: connections that are drained still need the time, and nobody waits for
        // the clock. It ends with the last connection.
        task::Builder::new().name(format!("{} clock", cx.service())).spawn(ticking).detach();
        let stopping = cx.stopping();
        life.set_ready();
        cx.ready();
        let served = accept(listener, cx, site, stopping).await;
        // The port is closed; connections are drained.
        let mut failures = Failures::default();
        failures.take(served);
        failures.take(life.shutdown().await);
        failures.into_result()
    }
}

/// Serves connections until the service is to stop.
async fn accept(listener: Listener, cx: &Context, site: Arc<Site>, stopping: Stopping) -> Result {
    if listener.gives::<TcpStream>() {
        let serve = move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            told(
                peer,
                connection::serve(stream, peer, Arc::clone(&site), ServiceDrain::new(stopping.clone())),
            )
        };
        return listener.serve(cx, serve).await;
    }
    let serve = move |stream: Connection| {
        let peer = stream.peer().address;
        told(peer, serve_wrapped(stream, peer, Arc::clone(&site), stopping.clone()))
    };
    listener.serve(cx, serve).await
}

/// A connection that is more than a bare TCP socket: encrypted, or of another family.
async fn serve_wrapped(
    stream: Connection,
    peer: Option<SocketAddr>,
    site: Arc<Site>,
    stopping: Stopping,
) -> io::Result<()> {
    if stream.alpn() == Some(H2) {
        return http2::serve(stream, peer, site, stopping.wait_owned()).await.map_err(io::Error::other);
    }
    connection::serve(stream, peer, site, ServiceDrain::new(stopping)).await
}

pin_project! {
    /// Serves a connection and keeps its failure for those who debug: clients come and go, and that one went early
    /// is no event. A type of its own, as an `async` block would hold the connection twice.
    struct Told<F> {
        #[pin]
        serving: F,
        peer: Option<SocketAddr>,
    }
}

fn told<F: Future<Output = io::Result<()>>>(peer: Option<SocketAddr>, serving: F) -> Told<F> {
    Told { serving, peer }
}

impl<F: Future<Output = io::Result<()>>> Future for Told<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        let this = self.project();
        this.serving.poll(cx).map(|outcome| {
            if let Err(error) = outcome {
                tracing::debug!(peer = ?this.peer, %error, "the connection broke");
            }
        })
    }
}

/// The names of ALPN (RFC 7301).
const H2: &[u8] = b"h2";
const HTTP11: &[u8] = b"http/1.1";
