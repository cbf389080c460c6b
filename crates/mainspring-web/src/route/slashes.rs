//! Slashes at the end of a path.

/// What becomes of a path that differs from a route only by a slash at its end.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Slashes};
///
/// let app = App::new().slashes(Slashes::Redirect).get("/cats", || async { "Meow." });
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slashes {
    /// It is another path: 404.
    #[default]
    Strict,
    /// 308 to the path of the route, which keeps method and body.
    Redirect,
    /// The route answers it.
    Ignore,
}
