//! What a route asks of the engine.

/// The rules of one route where they differ from those of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// In place of [`Limits::body`](crate::Limits::body), in bytes.
    pub(crate) body_limit: Option<u64>,
    /// Whether the handler is cancelled when its client goes away; `None` means for safe methods only.
    pub(crate) cancel_on_disconnect: Option<bool>,
}
