use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::scope::{Key, Kind, Turn};
use super::{Cancel, Reason};
use crate::inspect::{Late, Position, Within, follow, real};
use crate::task::Registered;

/// A scope's place in the tree of the task that polls it.
///
/// Taken at the first poll, when it is known which task and which outer scope that is; taken anew
/// when the future has been moved to another task or scope. Given back on drop.
pub(crate) struct Seat {
    kind: Kind,
    place: &'static Location<'static>,
    taken: Option<Taken>,
}

struct Taken {
    owner: Arc<dyn Registered>,
    key: Key,
    parent: Key,
    waker: Option<Waker>,
}

impl Taken {
    #[inline(never)]
    fn vacate(self) {
        self.owner.node().cancel.close(self.key);
    }
}

impl Seat {
    pub(crate) fn new(kind: Kind, place: &'static Location<'static>) -> Self {
        Seat { kind, place, taken: None }
    }

    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// To be called first in each poll. True when the seat is a new one.
    pub(crate) fn take(&mut self, target: Option<&Arc<dyn Registered>>, cx: &Context<'_>) -> bool {
        if self.taken.as_ref().is_some_and(|taken| !Position::is_current(&taken.owner, taken.parent))
            && self.turn() == Turn::Idle
        {
            self.leave();
        }
        let new = self.taken.is_none();
        let taken = self.taken.get_or_insert_with(|| {
            let here = Position::current();
            let key = here.owner.node().cancel.open(here.key, self.kind, self.place, target.cloned());
            Taken { owner: here.owner, key, parent: here.key, waker: None }
        });
        let waker = real(cx.waker());
        if !taken.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            taken.owner.node().cancel.listen(taken.key, waker);
            taken.waker = Some(waker.clone());
        }
        new
    }

    /// Polls inside this scope; in the place of [`take`](Self::take) and [`poll`](Self::poll) for what is no
    /// guard. In the first poll the seat is taken when something inside takes one, else after it: a body that is
    /// ready at once needs none.
    pub(crate) fn poll_late<R>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        if self.taken.is_none()
            && let Some(late) = Late::enter(self.kind, self.place)
        {
            let beginning = Beginning { seat: self, late };
            let polled = follow(cx, poll);
            drop(beginning);
            if polled.is_pending() {
                self.take(None, cx);
            }
            return polled;
        }
        self.take(None, cx);
        self.poll(cx, poll)
    }

    /// Polls inside this scope.
    pub(crate) fn poll<R>(&self, cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        self.within(|| follow(cx, poll))
    }

    /// Runs `poll` inside this scope.
    pub(crate) fn within<R>(&self, poll: impl FnOnce() -> R) -> R {
        let taken = self.taken.as_ref().expect("a seat is taken first in each poll");
        let _within = Within::enter(&taken.owner, taken.key);
        poll()
    }

    pub(crate) fn turn(&self) -> Turn {
        self.with(Turn::Idle, Cancel::turn)
    }

    /// A request that was made at this scope is under way.
    pub(crate) fn is_origin(&self) -> bool {
        self.with(false, |cancel, key| cancel.turn(key) != Turn::Idle && cancel.origin(key) == Some(key))
    }

    /// Makes a request at this scope.
    pub(crate) fn ask(&self, reason: Option<Reason>) {
        self.with(false, |cancel, key| cancel.ask_scope(key, reason));
    }

    pub(crate) fn answer(&self, passed: bool) {
        self.with(false, |cancel, key| cancel.answer(key, passed));
    }

    pub(crate) fn shelter(&self) {
        self.with((), Cancel::shelter);
    }

    /// Where the seat is, for one who answers in its stead.
    pub(crate) fn position(&self) -> Option<Position> {
        self.taken.as_ref().map(|taken| Position { owner: Arc::clone(&taken.owner), key: taken.key })
    }

    /// The seat is still where it was taken, and a request is on its way through what stands around it.
    pub(crate) fn is_passed_by(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| {
            Position::is_current(&taken.owner, taken.parent)
                && taken.owner.node().cancel.is_passing(taken.parent)
        })
    }

    /// The guards that hold up a request in this task.
    pub(crate) fn holders(&self) -> Vec<(Kind, &'static Location<'static>)> {
        self.taken.as_ref().map(|taken| taken.owner.node().cancel.holders()).unwrap_or_default()
    }

    /// Closes the scope; what it has not answered passes on.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if let Some(taken) = self.taken.take() {
            taken.vacate();
        }
    }

    fn with<R>(&self, otherwise: R, act: impl FnOnce(&Cancel, Key) -> R) -> R {
        self.taken.as_ref().map_or(otherwise, |taken| act(&taken.owner.node().cancel, taken.key))
    }
}

/// A first poll; at its end the seat gets what has been opened, also when it panics.
struct Beginning<'a> {
    seat: &'a mut Seat,
    late: Late,
}

impl Drop for Beginning<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some((Position { owner, key }, parent)) = self.late.leave() {
            self.seat.taken = Some(Taken { owner, key, parent, waker: None });
        }
    }
}

impl Drop for Seat {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request is on its way through the place where this code runs.
pub(crate) fn is_passing() -> bool {
    let here = Position::current();
    here.owner.node().cancel.is_passing(here.key)
}

thread_local! {
    /// A body is being dropped with its guards: no rescue.
    static HARD: Cell<bool> = const { Cell::new(false) };
}

/// Drops something whose guards are to perish with it.
pub(crate) fn while_dropping_hard<R>(hard: bool, drop: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            HARD.set(self.0);
        }
    }
    let _restore = Restore(HARD.replace(hard || HARD.get()));
    drop()
}

pub(crate) fn dropped_hard() -> bool {
    HARD.get()
}

pin_project! {
    /// See [`uncancellable`].
    pub(super) struct Uncancellable<F> {
        #[pin]
        body: F,
        seat: Seat,
    }
}

/// Runs a future that a request does not interrupt: the request is held up until it has ended.
///
/// The value is given back, and the cancellation goes on at the next await. The grace bounds it:
/// when that is over the future is dropped all the same.
///
/// # Cancel safety
///
/// Dropping it drops the future.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel::uncancellable, spawn};
///
/// let written = Shared::new(0);
/// let cell = written.clone();
/// let task = spawn(async move {
///     uncancellable(async {
///         tokio::task::yield_now().await; // the cancellation comes here
///         cell.set(1);
///     })
///     .await;
///     tokio::task::yield_now().await; // and takes effect here
///     cell.set(2);
/// });
/// tokio::task::yield_now().await;
/// task.cancel();
/// assert!(task.await.unwrap_err().is_cancelled());
/// assert_eq!(written.get(), 1);
/// # }
/// ```
#[track_caller]
pub fn uncancellable<F: Future>(body: F) -> impl Future<Output = F::Output> {
    Uncancellable { body, seat: Seat::new(Kind::Uncancellable, Location::caller()) }
}

impl<F: Future> Future for Uncancellable<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.seat.take(None, cx);
        let polled = this.seat.poll(cx, |cx| this.body.poll(cx));
        if polled.is_ready() {
            this.seat.leave();
        }
        polled
    }
}
