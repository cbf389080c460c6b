//! The one timer of a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Sleep;

use super::clock::Clock;
use super::drain::Drain;

/// Watches the deadline and the server's stop while a connection waits for its socket.
///
/// The timer and the stop stay registered from one wait to the next. In the common wait nothing is asked of
/// them at all: they would have woken the task. Invariant: after a pending [`poll`](Self::poll), the task is
/// woken at or before the deadline and when the server stops.
pub(super) struct Watch<D> {
    clock: Arc<Clock>,
    drain: D,
    sleep: Option<Pin<Box<Sleep>>>,
    /// When `sleep` fires, on the clock.
    fires: u64,
    /// With whom timer and stop are registered.
    waker: Option<Waker>,
}

/// Why a wait ended without the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    Deadline,
    Stop,
}

/// Whether the stop of the server ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnStop {
    End,
    GoOn,
}

impl<D: Drain> Watch<D> {
    pub(super) fn new(clock: Arc<Clock>, drain: D) -> Self {
        Self { clock, drain, sleep: None, fires: 0, waker: None }
    }

    /// What is left when HTTP has ended.
    pub(super) fn into_drain(self) -> D {
        self.drain
    }

    #[inline]
    pub(super) fn is_stopping(&self) -> bool {
        self.drain.is_stopping()
    }

    pub(super) fn is_handover(&self) -> bool {
        self.drain.is_handover()
    }

    /// Waits for the stop of the server alone.
    pub(super) fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.drain.poll_stopping(cx)
    }

    /// Polls for an alarm. `woken` says that this wait was polled before, so that something woke the task.
    #[inline]
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: u64,
        on_stop: OnStop,
        woken: bool,
    ) -> Poll<Alarm> {
        let armed = !woken
            && deadline >= self.fires
            && self.sleep.as_ref().is_some_and(|sleep| !sleep.is_elapsed())
            && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if armed { Poll::Pending } else { self.poll_slowly(cx, deadline, on_stop) }
    }

    fn poll_slowly(&mut self, cx: &mut Context<'_>, deadline: u64, on_stop: OnStop) -> Poll<Alarm> {
        if self.drain.poll_stopping(cx).is_ready() && on_stop == OnStop::End {
            return Poll::Ready(Alarm::Stop);
        }
        if self.clock.now() >= deadline {
            return Poll::Ready(Alarm::Deadline);
        }
        if self.sleep.is_none() || deadline < self.fires {
            self.arm(deadline);
        }
        while let Some(sleep) = &mut self.sleep {
            if sleep.as_mut().poll(cx).is_pending() {
                break;
            }
            if self.fires >= deadline {
                return Poll::Ready(Alarm::Deadline);
            }
            self.arm(deadline);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn arm(&mut self, deadline: u64) {
        let instant = self.clock.instant(deadline);
        self.fires = deadline;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(instant),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(instant))),
        }
    }
}
