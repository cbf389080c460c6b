//! How long a client may take.

use std::time::Duration;

/// How long a connection waits for its client; plain data.
///
/// Deadlines are kept to a quarter of a second; a duration beyond a year means a year.
///
/// | field | default | what ends |
/// |---|---|---|
/// | `head` | 10 s | a head that is not complete after its first byte (408), a fresh connection that sends none |
/// | `idle` | 75 s | a connection between two requests |
/// | `body` | 30 s | a body of which nothing arrives for that long (408) |
/// | `body_rate` | 256 bytes/s | a body that, beyond the first `body` seconds, arrives slower on average (408) |
/// | `write` | 30 s | a connection that takes nothing of an answer for that long |
/// | `drain` | 2 s | while the server stops: a request or an answer that does not come on for that long |
/// | `handler` | off | a handler that has not answered: it is cancelled, and the client gets a 503 |
/// | `linger` | 2 s | the reading on after a refusal, without which the client might not see the answer |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::Timeouts;
///
/// let timeouts = Timeouts { idle: Duration::from_secs(5), ..Timeouts::default() };
/// assert_eq!(timeouts.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a head (or the start of the connection) to its last one.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
    /// Between two pieces of a body.
    pub body: Duration,
    /// Bytes per second that a body must bring on average.
    pub body_rate: u32,
    /// Between two pieces of an answer that the client takes.
    pub write: Duration,
    /// While the server stops: for the rest of a head in all, between two pieces of a body or of an answer.
    pub drain: Duration,
    /// From the call of a handler to its answer, the cleanup of a handler that is cancelled not counted in.
    ///
    /// The body of the answer is not counted in either: `write` bounds it.
    pub handler: Option<Duration>,
    /// How long what a refused client still sends is read and dropped.
    pub linger: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(30),
            body_rate: 256,
            write: Duration::from_secs(30),
            drain: Duration::from_secs(2),
            handler: None,
            linger: Duration::from_secs(2),
        }
    }
}
