use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;

use super::select::Branches;

/// Waits for the first of several futures to end with `Ok`; the others are cancelled, and their cleanup
/// awaited.
///
/// Otherwise as [`select`](super::select()): polled in place, each at least once, the losers bounded by
/// the grace of the process.
///
/// # Errors
///
/// When none succeeds: all errors, in the order of the input. No futures give no errors.
///
/// # Cancel safety
///
/// Dropping it drops the futures; a cleanup that has begun goes on in a task of its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::race_ok;
///
/// async fn ask(mirror: u8) -> Result<u8, String> {
///     if mirror == 2 { Ok(mirror) } else { Err(format!("{mirror} is down")) }
/// }
/// assert_eq!(race_ok([ask(1), ask(2), ask(3)]).await, Ok(2));
/// assert_eq!(race_ok([ask(1), ask(3)]).await, Err(vec!["1 is down".into(), "3 is down".into()]));
/// # }
/// ```
#[track_caller]
pub fn race_ok<F, T, E>(futures: impl IntoIterator<Item = F>) -> RaceOk<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    RaceOk { branches: Branches::new(futures, Location::caller()), winner: None, errors: Vec::new() }
}

/// A race for the first success; made by [`race_ok`].
#[must_use = "futures do nothing unless polled"]
pub struct RaceOk<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    branches: Branches<F>,
    winner: Option<T>,
    errors: Vec<(usize, E)>,
}

impl<F, T, E> Future for RaceOk<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Vec<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Poll::Ready(ended) = this.branches.running.poll_next_unpin(cx) {
            match ended {
                Some((_, Some(Ok(value)))) if this.winner.is_none() => {
                    this.winner = Some(value);
                    this.branches.stop("another one was first to succeed");
                }
                Some((index, Some(Err(error)))) => this.errors.push((index, error)),
                Some(_) => {}
                None => return Poll::Ready(this.winner.take().ok_or_else(|| sorted(&mut this.errors))),
            }
        }
        Poll::Pending
    }
}

fn sorted<E>(errors: &mut Vec<(usize, E)>) -> Vec<E> {
    let mut errors = std::mem::take(errors);
    errors.sort_by_key(|(index, _)| *index);
    errors.into_iter().map(|(_, error)| error).collect()
}

impl<F, T, E> Unpin for RaceOk<F, T, E> where F: Future<Output = Result<T, E>> {}

impl<F, T, E> fmt::Debug for RaceOk<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceOk").field("running", &self.branches.running.len()).finish_non_exhaustive()
    }
}
