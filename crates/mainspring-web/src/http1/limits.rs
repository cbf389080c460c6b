//! How much of a request is read before it is refused.

/// The sizes beyond which a request is refused; plain data.
///
/// | field | default | answer beyond it |
/// |---|---|---|
/// | `head` | 64 KiB | 431 |
/// | `target` | 16 KiB | 414 |
/// | `headers` | 100 | 431 |
/// | `body` | 2 MiB | 413 |
///
/// # Examples
///
/// ```
/// use mainspring_web::Limits;
///
/// let limits = Limits { body: 64 * 1024 * 1024, ..Limits::default() };
/// assert_eq!(limits.head, 64 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line and all headers together; also of all trailers of a body.
    pub head: usize,
    /// Bytes of the request target (path and query).
    pub target: usize,
    /// Number of headers; also of trailers.
    pub headers: usize,
    /// Bytes of the body after its transfer coding is removed.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 * 1024, target: 16 * 1024, headers: 100, body: 2 * 1024 * 1024 }
    }
}
