//! A thread that looks after those that poll: it finds polls that do not come back.
//!
//! It sleeps most of the time, touches no task unless one is stuck, and belongs to no runtime: it
//! works when they all hang. It also keeps real time for those who wait for a task's answer.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::lane::{Lane, Polling, lanes};
use super::stack::{Chain, Inner};
use super::ticks::{self, Scale};
use super::{registry, thread_stack};

/// Looks this often at least, and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

static THRESHOLD_NANOS: AtomicU64 = AtomicU64::new(1_000_000_000);
static STUCK_POLLS: AtomicU64 = AtomicU64::new(0);
/// Those who are to be told when a moment has come.
static ALARMS: Mutex<Vec<(Instant, oneshot::Sender<()>)>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

/// How long a poll may be under way before it is reported as stuck. Default: 1 s.
#[must_use]
pub fn stuck_poll() -> Duration {
    Duration::from_nanos(THRESHOLD_NANOS.load(Relaxed))
}

/// Sets how long a poll may be under way before it is reported as stuck: once, while it lasts, with
/// the stack of its thread (on Linux, x86-64 and ARM64), as a warning in the log and in
/// [`stuck_polls`].
///
/// A thread named `watchdog` looks four times in that time, at least every 250 ms. To see the stack
/// it sends the stuck thread `SIGURG`, which programs ignore unless they say otherwise; the handler
/// is installed when the first stack is taken, and hands signals of others on to the handler that was
/// there before. A system call that the thread blocks in is restarted, or fails with `EINTR` if it
/// is of those that never restart.
///
/// ```
/// use std::time::Duration;
/// use mainspring_task::inspect;
///
/// assert_eq!(inspect::stuck_poll(), Duration::from_secs(1));
/// inspect::set_stuck_poll(Duration::from_secs(5));
/// assert_eq!(inspect::stuck_poll(), Duration::from_secs(5));
/// ```
pub fn set_stuck_poll(threshold: Duration) {
    THRESHOLD_NANOS.store(ticks::nanos(threshold), Relaxed);
    CHANGED.notify_one();
}

/// How many polls of this process have been under way for longer than [`stuck_poll`].
#[must_use]
pub fn stuck_polls() -> u64 {
    STUCK_POLLS.load(Relaxed)
}

/// Starts the thread, once.
pub(super) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let thread = std::thread::Builder::new().name("watchdog".to_owned());
        if let Err(error) = thread.spawn(watch) {
            tracing::error!(%error, "the watchdog cannot start: polls that do not come back go unseen");
        }
    });
}

/// Is done when so much real time has passed, whatever becomes of the runtime's clock.
pub(super) fn alarm(after: Duration) -> impl Future<Output = ()> {
    start();
    let (sender, receiver) = oneshot::channel();
    if let Some(moment) = ticks::instant().checked_add(after) {
        ALARMS.lock().unwrap_or_else(PoisonError::into_inner).push((moment, sender));
        CHANGED.notify_one();
    }
    async move { drop(receiver.await) }
}

fn watch() {
    let mut reported = Vec::new();
    let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = ticks::instant();
        let due: Vec<_> = alarms.extract_if(.., |(at, waiter)| *at <= now || waiter.is_closed()).collect();
        let next = alarms.iter().map(|(at, _)| at.saturating_duration_since(now)).min();
        drop(alarms);
        for (_, waiter) in due {
            // One who has gone is not told.
            let _ = waiter.send(());
        }
        look(&mut reported);
        let pause = (stuck_poll() / 4).clamp(LOOKS.0, LOOKS.1);
        let pause = next.map_or(pause, |next| next.min(pause));
        alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
        alarms = CHANGED.wait_timeout(alarms, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// How long the longest poll that is under way now has taken: zero when no thread polls a task.
///
/// What says that a process is alive should look here: a runtime thread whose poll does not come back
/// turns its loop no more.
///
/// ```
/// assert_eq!(mainspring_task::inspect::longest_current_poll(), std::time::Duration::ZERO);
/// ```
#[must_use]
pub fn longest_current_poll() -> Duration {
    let (now, scale) = (ticks::now(), Scale::now());
    let polls = lanes().into_iter().map(Lane::polling).filter(|polling| polling.task != 0);
    polls.map(|polling| scale.duration(now.saturating_sub(polling.since))).max().unwrap_or_default()
}

/// One look at all threads. `reported` holds, for each lane, the poll it was last reported for.
fn look(reported: &mut Vec<Option<Polling>>) {
    let (now, scale, limit) = (ticks::now(), Scale::now(), stuck_poll());
    for (index, lane) in lanes().into_iter().enumerate() {
        if reported.len() <= index {
            reported.push(None);
        }
        let polling = lane.polling();
        if polling.task == 0 || scale.duration(now.saturating_sub(polling.since)) < limit {
            continue;
        }
        // The two halves are written one after the other: what is read twice alike belongs together.
        if lane.polling() == polling && reported[index] != Some(polling) {
            reported[index] = Some(polling);
            report(lane, polling);
        }
    }
}

fn report(lane: &Lane, polling: Polling) {
    let Some(task) = registry::find(polling.task) else { return };
    let held = Scale::now().duration(ticks::now().saturating_sub(polling.since));
    let stack = stack_of(lane, polling);
    let stack = stack.as_ref().map_or_else(|| "not to be had".to_owned(), Chain::to_string);
    STUCK_POLLS.fetch_add(1, Relaxed);
    let task = task.node().label();
    tracing::warn!(%task, ?held, %stack, "a poll does not come back: its thread runs nothing else meanwhile");
}

/// Where a poll stands; `None` when it has come back, or does not let itself be seen.
fn stack_of(lane: &Lane, polling: Polling) -> Option<Chain> {
    let addresses = thread_stack::capture(lane.thread())?;
    (lane.polling() == polling).then(|| Chain::resolve(&addresses, Inner::Blocked))
}

/// Where the poll of a task stands that is under way.
pub(super) fn stack_of_task(number: u64) -> Option<Chain> {
    let lane = lanes().into_iter().find(|lane| lane.polling().task == number)?;
    stack_of(lane, lane.polling())
}
