use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::stack::{Chain, Frame, Inner};
use super::trace_waker::{Addresses, trace};
use super::{State, TaskRef, all_tasks, current, watchdog};

/// How long a task may take to answer where nothing else is said.
pub(super) const LIMIT: Duration = Duration::from_millis(100);

/// How much longer for each further one, where many are asked.
const MORE: Duration = Duration::from_micros(20);

/// What a task was found to be doing when it was asked where it awaits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// It waits, at the leaves.
    Waiting,
    /// It waits for nothing that could wake it. A cancellation still ends it.
    Stranded,
    /// It has ended, maybe in the poll that was to look for its leaves.
    Ended,
    /// It has been polled by a thread for so long, without coming back; or it is the one that asks.
    Running(Duration),
    /// It was woken, but no thread of its runtime has polled it: they are all busy, or blocked.
    Unpolled,
}

/// One thing that a task waits for: the calls that lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaf {
    /// The program's own functions, the outermost first: each awaits the next one at its line. Frames of
    /// the standard library, tokio, futures and this crate are left out.
    pub frames: Vec<Frame>,
    /// The function of a library that the last frame awaits or calls: `tokio::sync::…::recv`. `None` when
    /// the last frame is itself what keeps the waker.
    pub call: Option<Arc<str>>,
    /// How often the task waits at this very place, as in a `join_all` of many alike.
    pub count: usize,
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = Chain { frames: self.frames.clone(), call: self.call.clone() };
        chain.fmt(f)?;
        if self.count > 1 { write!(f, " ({} times)", self.count) } else { Ok(()) }
    }
}

/// Where a task awaits; made by [`TaskRef::await_place`] and [`await_places`].
///
/// Names are looked up when they are first read: tens of milliseconds for the first place in a
/// program, microseconds later. Programs show names and lines if they are built with `debug = 1`, lines
/// and bare names with `line-tables-only`, and little without debug information.
pub struct AwaitPlace {
    task: TaskRef,
    standing: Standing,
    stacks: Vec<(Addresses, usize)>,
    leaves: OnceLock<Vec<Leaf>>,
}

impl AwaitPlace {
    fn new(task: TaskRef, standing: Standing, stacks: Vec<(Addresses, usize)>) -> Self {
        AwaitPlace { task, standing, stacks, leaves: OnceLock::new() }
    }

    /// The task that was asked.
    #[must_use]
    pub fn task(&self) -> &TaskRef {
        &self.task
    }

    /// What it was doing.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// What it waits for: one leaf of a plain await, several of a `select!` or `join!`. Of a task that is
    /// running for long, where its thread stands. The 64 first different ones.
    ///
    /// What stands in a `FuturesUnordered` or `JoinAll` is seen where it is a guard or a time-out of this
    /// crate or an awaited [`Task`](crate::Task); of others, the collection itself is the leaf.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        self.leaves.get_or_init(|| {
            let mut leaves: Vec<Leaf> = Vec::new();
            for (addresses, count) in &self.stacks {
                let Chain { frames, call } = Chain::resolve(addresses, Inner::Leaf);
                match leaves.iter_mut().find(|leaf| leaf.frames == frames && leaf.call == call) {
                    Some(leaf) => leaf.count += count,
                    None => leaves.push(Leaf { frames, call, count: *count }),
                }
            }
            leaves
        })
    }
}

impl fmt::Display for AwaitPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.standing {
            Standing::Waiting => {}
            Standing::Stranded => return f.write_str("waits for nothing: it can never be woken"),
            Standing::Ended => return f.write_str("has ended"),
            Standing::Running(time) => write!(f, "has been running for {time:.1?}")?,
            Standing::Unpolled => return f.write_str("has not been polled: its runtime is busy or blocked"),
        }
        for (index, leaf) in self.leaves().iter().enumerate() {
            write!(f, "{}{leaf}", if index == 0 && self.standing == Standing::Waiting { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for AwaitPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwaitPlace")
            .field("task", &self.task)
            .field("standing", &self.standing)
            .field("leaves", &self.leaves())
            .finish()
    }
}

impl TaskRef {
    /// Where the task awaits, now: functions, files and lines down to the innermost future.
    ///
    /// The task is woken and polled once more than it would have been, with a waker that notes who keeps
    /// it. To the task this is a spurious wake-up, which futures must bear. It is given 100 ms of real
    /// time to answer; see [`await_place_within`](TaskRef::await_place_within).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::{inspect::Standing, spawn};
    ///
    /// async fn wait_for_work() {
    ///     std::future::poll_fn::<(), _>(|cx| {
    ///         drop(cx.waker().clone());
    ///         std::task::Poll::Pending
    ///     })
    ///     .await;
    /// }
    ///
    /// let place = spawn(wait_for_work()).reference().await_place().await;
    /// assert_eq!(place.standing(), Standing::Waiting);
    /// assert!(place.to_string().contains("wait_for_work"));
    ///
    /// let place = spawn(std::future::pending::<()>()).reference().await_place().await;
    /// assert_eq!(place.to_string(), "waits for nothing: it can never be woken");
    /// # }
    /// ```
    pub async fn await_place(&self) -> AwaitPlace {
        self.await_place_within(LIMIT).await
    }

    /// [`await_place`](TaskRef::await_place) with another limit, in real time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn await_place_within(&self, limit: Duration) -> AwaitPlace {
        let mut places = places_of(vec![self.clone()], limit).await;
        places.pop().expect("one place for one task")
    }

    /// Asks the task; an error when the answer is known without.
    fn inquire(&self) -> Result<oneshot::Receiver<Trace>, Standing> {
        let node = self.node();
        if current().is_some_and(|task| task.node().id == node.id) {
            return Err(Standing::Running(self.info().in_state));
        }
        let answer = node.inquiries.ask();
        if node.is_retired() {
            node.inquiries.give_up();
            return Err(Standing::Ended);
        }
        node.cancel.wake_all();
        Ok(answer)
    }

    fn answered(self, trace: Trace) -> AwaitPlace {
        let standing = match trace {
            Trace { ended: true, .. } => Standing::Ended,
            Trace { ref stacks, .. } if stacks.is_empty() => Standing::Stranded,
            Trace { .. } => Standing::Waiting,
        };
        let stacks = if standing == Standing::Ended { Vec::new() } else { trace.stacks };
        AwaitPlace::new(self, standing, stacks)
    }

    /// The limit is over.
    fn silent(self) -> AwaitPlace {
        let info = self.info();
        if self.node().is_retired() {
            return AwaitPlace::new(self, Standing::Ended, Vec::new());
        }
        if info.state != State::Running {
            return AwaitPlace::new(self, Standing::Unpolled, Vec::new());
        }
        let stack = watchdog::stack_of_task(self.id().as_u64());
        let leaf = stack.map(|Chain { frames, call }| Leaf { frames, call, count: 1 });
        let place = AwaitPlace::new(self, Standing::Running(info.in_state), Vec::new());
        place.leaves.get_or_init(|| leaf.into_iter().collect());
        place
    }
}

/// Where all tasks await, the oldest first; the caller's own is said to be running.
///
/// They are asked together, and have 100 ms of real time, and 20 µs more for each of them; see
/// [`TaskRef::await_place`]. A hundred thousand sleeping tasks answer in a fifth of a second.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{inspect, spawn};
///
/// let task = spawn(std::future::pending::<()>());
/// let places = inspect::await_places().await;
/// assert_eq!(places[0].task().id(), task.id());
/// # }
/// ```
pub async fn await_places() -> Vec<AwaitPlace> {
    places_of(all_tasks(), LIMIT).await
}

/// Where these tasks await, in their order: [`await_places`] for some, with a limit of real time for all
/// together, and 20 µs more for each further one.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::{inspect, spawn};
///
/// let (one, _other) = (spawn(std::future::pending::<()>()), spawn(std::future::pending::<()>()));
/// let places = inspect::await_places_of([one.reference()], Duration::from_millis(100)).await;
/// assert_eq!(places.len(), 1);
/// # }
/// ```
pub async fn await_places_of(tasks: impl IntoIterator<Item = TaskRef>, limit: Duration) -> Vec<AwaitPlace> {
    places_of(tasks.into_iter().collect(), limit).await
}

/// Asks all at once, and waits for all together.
pub(super) async fn places_of(tasks: Vec<TaskRef>, limit: Duration) -> Vec<AwaitPlace> {
    let asked: Vec<_> = tasks.iter().map(TaskRef::inquire).collect();
    let more = u32::try_from(tasks.len()).unwrap_or(u32::MAX).saturating_sub(1);
    let mut alarm = pin!(watchdog::alarm(limit.saturating_add(MORE.saturating_mul(more))));
    let mut late = false;
    let mut places = Vec::with_capacity(tasks.len());
    for (task, answer) in tasks.into_iter().zip(asked) {
        places.push(match answer {
            Err(standing) => AwaitPlace::new(task, standing, Vec::new()),
            Ok(answer) => match answer_by(answer, alarm.as_mut(), &mut late).await {
                Ok(trace) => task.answered(trace),
                Err(TryRecvError::Closed) => AwaitPlace::new(task, Standing::Ended, Vec::new()),
                Err(TryRecvError::Empty) => task.silent(),
            },
        });
    }
    places
}

/// An answer that comes before the alarm, or was there when it had gone off.
async fn answer_by(
    mut answer: oneshot::Receiver<Trace>,
    alarm: Pin<&mut impl Future<Output = ()>>,
    late: &mut bool,
) -> Result<Trace, TryRecvError> {
    if !*late {
        match select(&mut answer, alarm).await {
            Either::Left((answer, _)) => return answer.map_err(|_| TryRecvError::Closed),
            Either::Right(_) => *late = true,
        }
    }
    answer.try_recv()
}

/// Those who wait for one task to say where it awaits.
#[derive(Default)]
pub(crate) struct Inquiries {
    /// There are some: looked at in every poll.
    any: AtomicBool,
    askers: Mutex<Vec<oneshot::Sender<Trace>>>,
}

/// What the extra poll found.
#[derive(Clone)]
struct Trace {
    ended: bool,
    stacks: Vec<(Addresses, usize)>,
}

impl Inquiries {
    fn ask(&self) -> oneshot::Receiver<Trace> {
        let (asker, answer) = oneshot::channel();
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        askers.push(asker);
        self.any.store(true, Release);
        answer
    }

    /// To be asked in each poll of the task; the poll is then to be given to [`Asked::answer`].
    #[inline]
    pub(crate) fn take(&self) -> Option<Asked> {
        if self.any.load(Acquire) { Some(self.take_askers()) } else { None }
    }

    #[cold]
    fn take_askers(&self) -> Asked {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(false, Relaxed);
        Asked(std::mem::take(&mut *askers))
    }

    /// The task has ended: whoever asks is told by the loss of the sender.
    pub(super) fn give_up(&self) {
        drop(self.take());
    }
}

/// Those who are answered by one poll.
pub(crate) struct Asked(Vec<oneshot::Sender<Trace>>);

impl Asked {
    /// Polls the task's future for them.
    pub(crate) fn answer<F: Future>(self, cx: &mut Context<'_>, mut future: Pin<&mut F>) -> Poll<F::Output> {
        let mut polled = Poll::Pending;
        let stacks = trace(cx, &mut |cx| polled = future.as_mut().poll(cx));
        let trace = Trace { ended: polled.is_ready(), stacks };
        for asker in self.0 {
            // One who has gone is not told.
            drop(asker.send(trace.clone()));
        }
        polled
    }
}
