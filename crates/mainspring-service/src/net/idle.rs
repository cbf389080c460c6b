use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// More than anybody waits for, and few enough to be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// An alarm is seen as soon as this if somebody waits for it.
const PROMPT: Duration = Duration::from_secs(1);

/// The clock of a connection on which nothing moves.
#[derive(Debug)]
pub(super) struct Idle {
    limit: Duration,
    /// When bytes moved last, in either direction.
    moved: Instant,
    inward: Wait,
    outward: Wait,
}

/// Which way bytes are to move.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    In,
    Out,
}

/// A wait for one direction. Each has its own alarm, because the halves of a connection may wait in
/// different tasks, and an alarm wakes one.
#[derive(Debug, Default)]
struct Wait {
    /// The time before it was the handler's.
    since: Option<Instant>,
    /// Set ahead lazily: when it fires early, it is moved to when it is due.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) fn new(limit: Duration) -> Self {
        let (inward, outward) = (Wait::default(), Wait::default());
        Idle { limit: limit.min(FOR_EVER), moved: Instant::now(), inward, outward }
    }

    /// Looks at an attempt to move bytes: whether somebody waits for it now, and whether some moved. An
    /// error once nothing has moved for too long.
    pub(super) fn watch(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        waits: bool,
        moved: bool,
    ) -> io::Result<()> {
        let now = Instant::now();
        if moved {
            self.moved = now;
        }
        let wait = match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        };
        if !waits {
            wait.since = None;
            return Ok(());
        }
        if wait.is_over(cx, self.moved, self.limit, now) {
            let text = format!("nothing moved for {:?}", self.limit);
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        Ok(())
    }
}

impl Wait {
    fn is_over(&mut self, cx: &mut Context<'_>, moved: Instant, limit: Duration, now: Instant) -> bool {
        let since = self.since.get_or_insert(now);
        let mut due = moved.max(*since) + limit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while alarm.as_mut().poll(cx).is_ready() {
            if due + PROMPT < now {
                // A wait that was given up, and the handler did something else since.
                *since = now;
                due = now + limit;
            }
            if due <= now {
                return true;
            }
            alarm.as_mut().reset(due);
        }
        false
    }
}
