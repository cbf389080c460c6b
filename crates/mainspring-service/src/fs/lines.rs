use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::File;

/// The lines of a [`File`] as a stream; made by [`File::lines`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use futures_util::TryStreamExt;
/// use mainspring_service::fs;
///
/// # let path = std::env::temp_dir().join(format!("mainspring-lines-{}", std::process::id()));
/// fs::write(&path, "one\r\ntwo\nthree").await?;
/// let lines: Vec<String> = fs::open(&path, "r").await?.lines().try_collect().await?;
/// assert_eq!(lines, ["one", "two", "three"]);
/// # std::fs::remove_file(path)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is read until the stream is polled"]
pub struct Lines<'a> {
    file: &'a mut File,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a mut File) -> Self {
        Lines { file }
    }
}

impl Stream for Lines<'_> {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<String>>> {
        self.get_mut().file.poll_line(cx).map(Result::transpose)
    }
}
