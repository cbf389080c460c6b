use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The clock of a connection on which nothing moves.
#[derive(Debug)]
pub(super) struct Idle {
    limit: Duration,
    moved: Instant,
    /// Set ahead lazily: when it fires early, it is moved to `moved` + `limit`.
    alarm: Pin<Box<Sleep>>,
}

impl Idle {
    pub(super) fn new(limit: Duration) -> Self {
        let now = Instant::now();
        Idle { limit, moved: now, alarm: Box::pin(sleep_until(now + limit)) }
    }

    /// Looks at what an attempt to move bytes gave. An error once nothing has moved for too long.
    pub(super) fn watch<T>(&mut self, cx: &mut Context<'_>, moved: &Poll<T>) -> io::Result<()> {
        if moved.is_ready() {
            self.moved = Instant::now();
            return Ok(());
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let due = self.moved + self.limit;
            if due <= Instant::now() {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("nothing moved for {:?}", self.limit),
                ));
            }
            self.alarm.as_mut().reset(due);
        }
        Ok(())
    }
}
