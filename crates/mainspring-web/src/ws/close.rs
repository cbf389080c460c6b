//! How a connection ends.

use std::fmt;

/// The number that says why a connection ends (RFC 6455 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// All is said.
    pub const NORMAL: Self = Self(1000);
    /// The server stops, or the browser left the page.
    pub const AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// A kind of message that is not wanted.
    pub const UNSUPPORTED: Self = Self(1003);
    /// The peer gave no code; never sent.
    pub const NONE: Self = Self(1005);
    /// The connection broke without a farewell; never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// Text that is not UTF-8, or data that cannot be inflated.
    pub const INVALID: Self = Self(1007);
    /// A rule of the application was broken.
    pub const POLICY: Self = Self(1008);
    /// A message larger than the limit.
    pub const TOO_BIG: Self = Self(1009);
    /// The server failed.
    pub const ERROR: Self = Self(1011);
    /// The server restarts: come again.
    pub const RESTART: Self = Self(1012);
    /// The server is overloaded: come again later.
    pub const AGAIN: Self = Self(1013);

    /// Whether it may stand in a close frame: registered, or free for libraries and applications (3000 to 4999).
    pub fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a connection ended, and who ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Close {
    /// The code that was received or sent; [`CloseCode::ABNORMAL`] when the connection broke.
    pub code: CloseCode,
    /// The text beside it; may be empty.
    pub reason: String,
    /// Whether the peer ended it.
    pub by_peer: bool,
}

impl Close {
    pub(super) fn ours(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), by_peer: false }
    }

    pub(super) fn theirs(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), by_peer: true }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.by_peer { "the peer" } else { "this side" };
        write!(f, "closed by {side} with {}", self.code)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason) }
    }
}

/// The error of sending on a connection that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed(pub(super) Close);

impl Closed {
    /// Why it ended.
    pub fn close(&self) -> &Close {
        &self.0
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the websocket is {}", self.0)
    }
}

impl std::error::Error for Closed {}
