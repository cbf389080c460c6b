use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::task;
use socket2::Type;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Options;
use super::address::bind;
use crate::runtime::Core;
use crate::{Context, Outcome, Result};

/// The pause after an accept that failed for want of something, such as file descriptors.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections and runs a task for each.
///
/// What all servers over connections share: the limit, the pause when accepting fails, the spread
/// over cores, the end.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    options: Options,
    /// One permit per connection.
    places: Arc<Semaphore>,
}

impl Listener {
    /// Binds the address and tells the context of it. Port 0 takes a free port.
    ///
    /// `scheme` names the protocol in the log: `tcp`, `http`.
    ///
    /// # Errors
    ///
    /// When the address cannot be resolved or bound; the error names it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing stays bound.
    pub async fn bind(cx: &Context, scheme: &str, address: &str, options: &Options) -> Result<Self> {
        let socket = bind(address, Type::STREAM).await?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        let socket = TcpListener::from_std(socket.into())?;
        cx.listening(scheme, socket.local_addr()?);
        let places = Arc::new(Semaphore::new(options.connections.min(Semaphore::MAX_PERMITS)));
        Ok(Listener { socket, options: options.clone(), places })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves connections until the service is to stop.
    ///
    /// Each connection's future runs in a task of its own, as work of the service: the service's
    /// end waits for it within the shutdown grace. An error it returns is logged. Returns, with the
    /// socket closed, as soon as the service is to stop.
    ///
    /// # Errors
    ///
    /// None at present: an accept that fails is logged and tried again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it closes the socket; connections go on.
    pub async fn serve<H, Fut>(self, cx: &Context, handler: H) -> Result
    where
        H: Fn(TcpStream) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let stopping = cx.stopping();
        let mut pause = FIRST_PAUSE;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer, place)) => {
                    pause = FIRST_PAUSE;
                    self.spawn(cx, stream, peer, place, handler.clone());
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(service = cx.service(), %error, ?pause, "cannot accept a connection");
                    tokio::select! {
                        () = stopping.wait() => return Ok(()),
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    }
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
        let (stream, peer) = self.socket.accept().await?;
        stream.set_nodelay(self.options.nodelay)?;
        Ok((stream, peer, place))
    }

    fn spawn<H, Fut>(
        &self,
        cx: &Context,
        stream: TcpStream,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
        handler: H,
    ) where
        H: Fn(TcpStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let service: Arc<str> = cx.service().into();
        let task = task::Builder::new().name(format!("{service} {peer}")).place(self.options.place);
        let report = move |result: Result| {
            if let Err(error) = result {
                tracing::warn!(%service, %peer, %error, "a connection failed");
            }
        };
        match cx.cores().least_loaded() {
            None => cx.work(task, async move {
                report(handler(stream).await.into_result());
                drop(place);
            }),
            Some(core) => cx.work(task.on(core.handle()), async move {
                report(serve_on(core, stream, handler).await);
                drop(place);
            }),
        }
        .detach();
    }
}

/// Serves a connection on the core that runs this, which must take the socket over first.
async fn serve_on<H, Fut>(core: Core, stream: TcpStream, handler: H) -> Result
where
    H: Fn(TcpStream) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let stream = TcpStream::from_std(stream.into_std()?)?;
    let result = handler(stream).await.into_result();
    drop(core);
    result
}

/// The peer went away between its arrival and our accept: nothing is wrong with the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    // InvalidInput: an option could not be set, because the peer had reset the connection.
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
