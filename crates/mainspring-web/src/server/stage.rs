//! How far an exchange has come, and what is to be done next.

use std::future::Future;
use std::pin::Pin;

use super::answer::Answer;
use crate::http1::Version;
use crate::payload::OnUpgrade;
use crate::response::Response;

/// What the socket's half must do next. Whatever it is, the output is written first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read more of a head, or wait for one.
    Head,
    /// Read more of the body that somebody waits for.
    Body,
    /// Somebody is at work: only see whether the client is still there.
    Watch,
    /// Read to the end of a body that nobody wants.
    Rest,
    /// Nothing but write.
    Write,
    /// Send the next part of a file.
    File,
    /// Hand the connection over.
    Upgrade,
    /// Go on in HTTP/2.
    Http2,
    /// End the connection, as [`Exchange::ending`] says.
    Close,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client knows, and sends no more.
    Orderly,
    /// The client may still be sending.
    Linger,
    /// The end must not pass for the end of a body.
    Spoilt,
}

#[derive(Clone, Copy)]
pub(super) enum Stage {
    Head,
    /// The handler is at work.
    Handler(Turn),
    /// What is at work is kept apart, so that the common request has nothing to drop.
    Work,
    /// The answer is given, but the request's body is not at its end.
    Rest(Rest),
    Closed(Ending),
}

/// What is at work in place of the handler.
pub(super) enum Work {
    /// The handler is cancelled, and cleans up.
    Halt(Box<Halt>),
    /// The answer's body is on its way.
    Answer(Box<Answer>),
    /// The head of the answer is given, the connection is to be handed over.
    Upgrade(OnUpgrade),
}

/// What must be remembered of a request until it is answered.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) keep_alive: bool,
    pub(super) head_only: bool,
    /// Whether the handler is cancelled when the client goes away.
    pub(super) cancels: bool,
    /// Whether the client asks for another protocol.
    pub(super) upgrade: bool,
    /// Whether the client takes trailers.
    pub(super) trailers: bool,
    pub(super) version: Version,
    /// The index of the pattern, for the log.
    pub(super) pattern: usize,
    /// When the handler was called.
    pub(super) since: u64,
}

/// A handler that is being cancelled.
pub(super) struct Halt {
    pub(super) handler: Pin<Box<dyn Future<Output = Option<Response>> + Send>>,
    pub(super) turn: Turn,
    /// The client is there and gets an answer.
    pub(super) answered: bool,
}

/// What remains of an exchange after its answer.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// How much of the body may still be read in vain.
    pub(super) left: usize,
    /// How the connection ends after it, if it does.
    pub(super) ending: Option<Ending>,
}

impl Turn {
    /// Of an answer to what was no request.
    pub(super) const NOBODY: Self = Self {
        keep_alive: false,
        head_only: false,
        cancels: false,
        upgrade: false,
        trailers: false,
        version: Version::Http11,
        pattern: usize::MAX,
        since: 0,
    };
}
