//! How much of a multipart form is read before it is refused.

/// The sizes beyond which a multipart form is refused, or its files go to disk; plain data.
///
/// The form as a whole is bounded by the body's limit ([`Limits::body`](crate::Limits::body), or the route's own).
/// Give other limits to the app by [`App::state`](crate::App::state).
///
/// | field | default | beyond it |
/// |---|---|---|
/// | `parts` | 1000 | 413 |
/// | `head` | 16 KiB | 413 |
/// | `text` | 2 MiB | 413 |
/// | `memory` | 1 MiB | files go to disk |
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, MultipartLimits};
///
/// let app = App::new().state(MultipartLimits { parts: 10, ..MultipartLimits::default() });
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    /// Number of parts.
    pub parts: usize,
    /// Bytes of the headers of one part.
    pub head: usize,
    /// Bytes of all fields that are no files, in a [`MultipartForm`](crate::MultipartForm).
    pub text: usize,
    /// Bytes of all files that a [`MultipartForm`](crate::MultipartForm) keeps in memory.
    pub memory: usize,
}

impl Default for MultipartLimits {
    fn default() -> Self {
        Self { parts: 1000, head: 16 * 1024, text: 2 * 1024 * 1024, memory: 1024 * 1024 }
    }
}
