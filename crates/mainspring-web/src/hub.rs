//! One voice, many listeners.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::ReusableBoxFuture;

/// Passes every message to all who listen at that moment: a chat's room, a ticker of prices.
///
/// Sending never waits. A listener that falls more than the hub's capacity behind loses the oldest messages
/// and is told how many; the others do not notice. A hub is cheap to clone: all clones are one hub. It goes well
/// with websockets and server-sent events; keep one in the app's state.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use mainspring_web::Hub;
///
/// let hub = Hub::new(16);
/// let mut alice = hub.listen();
/// let mut bob = hub.listen();
/// assert_eq!(hub.send("Meow."), 2);
/// assert_eq!(alice.next().await, Some(Ok("Meow.")));
/// assert_eq!(bob.next().await, Some(Ok("Meow.")));
/// # });
/// ```
///
/// A chat: what one says, all hear.
///
/// ```
/// use mainspring_web::ws::{Message, WebSocket, WebSocketUpgrade};
/// use mainspring_web::{App, Error, Hub, Response, State};
///
/// async fn chat(State(hub): State<Hub<Message>>, upgrade: WebSocketUpgrade) -> Result<Response, Error> {
///     upgrade.on_upgrade(async move |mut socket: WebSocket| {
///         let mut others = hub.listen();
///         loop {
///             tokio::select! {
///                 said = socket.receive() => match said {
///                     Some(message) => { hub.send(message); }
///                     None => return Ok(()),
///                 },
///                 heard = others.next() => match heard {
///                     Some(Ok(message)) => socket.send(message).await?,
///                     Some(Err(missed)) => socket.send(missed.to_string()).await?,
///                     None => return Ok(()),
///                 },
///             }
///         }
///     })
/// }
///
/// assert!(App::new().state(Hub::<Message>::new(64)).get("/chat", chat).build().is_ok());
/// ```
pub struct Hub<T> {
    sender: broadcast::Sender<T>,
}

impl<T: Clone + Send + 'static> Hub<T> {
    /// A hub that keeps `capacity` messages for slow listeners; rounded up to a power of two.
    ///
    /// # Panics
    ///
    /// When `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        Self { sender: broadcast::Sender::new(capacity) }
    }

    /// Passes a message to all listeners; gives their number.
    pub fn send(&self, message: T) -> usize {
        self.sender.send(message).unwrap_or(0)
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener<T> {
        Listener { next: ReusableBoxFuture::new(receive(self.sender.subscribe())) }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }
}

impl<T> Clone for Hub<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<T> fmt::Debug for Hub<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("listeners", &self.sender.receiver_count()).finish()
    }
}

/// A listener of a [`Hub`]: a stream of its messages, which ends when the last clone of the hub is gone.
pub struct Listener<T> {
    next: ReusableBoxFuture<'static, (Result<T, RecvError>, broadcast::Receiver<T>)>,
}

impl<T: Clone + Send + 'static> Listener<T> {
    /// Waits for the next message; `None` when the hub is gone.
    ///
    /// # Errors
    ///
    /// [`Missed`] when this listener was too slow; it goes on with the oldest message that is still there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    pub async fn next(&mut self) -> Option<Result<T, Missed>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

async fn receive<T: Clone>(
    mut receiver: broadcast::Receiver<T>,
) -> (Result<T, RecvError>, broadcast::Receiver<T>) {
    (receiver.recv().await, receiver)
}

impl<T: Clone + Send + 'static> Stream for Listener<T> {
    type Item = Result<T, Missed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (outcome, receiver) = ready!(self.next.poll(cx));
        self.next.set(receive(receiver));
        Poll::Ready(match outcome {
            Ok(message) => Some(Ok(message)),
            Err(RecvError::Lagged(count)) => Some(Err(Missed(count))),
            Err(RecvError::Closed) => None,
        })
    }
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

/// How many messages a slow listener has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed(pub u64);

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages were missed", self.0)
    }
}

impl std::error::Error for Missed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_listener_is_told_what_it_missed() {
        let hub = Hub::new(2);
        let mut slow = hub.listen();
        for n in 0..5 {
            hub.send(n);
        }
        assert_eq!(slow.next().await, Some(Err(Missed(3))));
        assert_eq!(slow.next().await, Some(Ok(3)));
    }

    #[tokio::test]
    async fn a_listener_ends_with_the_hub() {
        let hub = Hub::new(2);
        let mut listener = hub.listen();
        hub.send(1);
        drop(hub);
        assert_eq!(listener.next().await, Some(Ok(1)));
        assert_eq!(listener.next().await, None);
    }

    #[test]
    fn nobody_listening_is_no_error() {
        let hub = Hub::new(2);
        assert_eq!(hub.send(1), 0);
        let listener = hub.listen();
        assert_eq!(hub.listeners(), 1);
        drop(listener);
        assert_eq!(hub.listeners(), 0);
    }
}
