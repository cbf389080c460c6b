//! What a peer must not do.

use super::close::CloseCode;

/// The rule that the peer broke, and the code it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) code: CloseCode,
    pub(super) reason: &'static str,
}

impl Violation {
    pub(super) const TOO_BIG: Self =
        Self { code: CloseCode::TOO_BIG, reason: "a message is larger than the limit" };

    pub(super) const NOT_UTF8: Self = Self::invalid("a text is not UTF-8");

    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self { code: CloseCode::PROTOCOL, reason }
    }

    pub(super) const fn invalid(reason: &'static str) -> Self {
        Self { code: CloseCode::INVALID, reason }
    }
}
