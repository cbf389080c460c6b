use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// A meeting point for a fixed number of tasks that can be broken.
///
/// [`wait`](Barrier::wait) holds a task until as many wait as the barrier is for; then all go on
/// and the barrier is ready for the next round. Unlike [`tokio::sync::Barrier`], a waiter that
/// goes away is not counted any more, and the barrier can be [reset](Barrier::reset) or
/// [aborted](Barrier::abort) under those who wait.
///
/// A clone is another handle of the same barrier.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::sync::Barrier;
///
/// let barrier = Barrier::new(2);
/// let (first, second) = tokio::join!(barrier.wait(), barrier.wait());
/// assert_eq!((first, second), (Ok(0), Ok(1)));
///
/// barrier.abort();
/// assert!(barrier.wait().await.is_err());
/// # }
/// ```
#[derive(Clone)]
pub struct Barrier {
    parties: usize,
    /// Held for a few steps only; those who wait are woken after it is released.
    round: Arc<Mutex<Round>>,
}

/// Those who wait now, in the order they came.
#[derive(Default)]
struct Round {
    waiting: BTreeMap<u64, oneshot::Sender<usize>>,
    /// Never used twice, so that a waiter of an earlier round cannot take another's seat.
    next_seat: u64,
    broken: bool,
}

impl Barrier {
    /// A barrier for `parties` tasks.
    ///
    /// # Panics
    ///
    /// When `parties` is zero: nobody could ever arrive last.
    #[must_use]
    #[track_caller]
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier is for one task at least, not for zero");
        Barrier { parties, round: Arc::default() }
    }

    /// Waits until all parties wait, and says which this one was: `0` came first, `parties - 1` last.
    ///
    /// The places are given out when the round is full, so each number is given exactly once even
    /// when somebody went away in between.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`] when the barrier is aborted, or is reset while this task waits.
    ///
    /// # Cancel safety
    ///
    /// A waiter that is dropped is not counted any more, and nobody else notices.
    pub async fn wait(&self) -> Result<usize, BrokenBarrier> {
        let (mut seat, released) = match self.arrive()? {
            Arrival::Last => return Ok(self.parties - 1),
            Arrival::Waits(seat, released) => (seat, released),
        };
        let place = released.await;
        seat.taken = false;
        place.map_err(|_| BrokenBarrier(()))
    }

    /// Sends those who wait away with an error; the barrier is whole and empty again.
    ///
    /// Mends a barrier that was [aborted](Barrier::abort), too.
    pub fn reset(&self) {
        self.send_away(false);
    }

    /// Breaks the barrier: those who wait, and all who come until it is [reset](Barrier::reset),
    /// get an error.
    pub fn abort(&self) {
        self.send_away(true);
    }

    /// How many tasks the barrier is for.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many tasks wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// True from [`abort`](Barrier::abort) to [`reset`](Barrier::reset).
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.lock().broken
    }

    fn arrive(&self) -> Result<Arrival<'_>, BrokenBarrier> {
        let mut round = self.lock();
        if round.broken {
            return Err(BrokenBarrier(()));
        }
        if round.waiting.len() + 1 == self.parties {
            let waiting = std::mem::take(&mut round.waiting);
            drop(round);
            for (place, waiter) in waiting.into_values().enumerate() {
                // Fails when the waiter is being dropped: it has passed and does not care.
                let _ = waiter.send(place);
            }
            return Ok(Arrival::Last);
        }
        let (release, released) = oneshot::channel();
        let number = round.next_seat;
        round.next_seat += 1;
        round.waiting.insert(number, release);
        Ok(Arrival::Waits(Seat { barrier: self, number, taken: true }, released))
    }

    /// A waiter whose sender is dropped finds the barrier broken.
    fn send_away(&self, broken: bool) {
        let mut round = self.lock();
        round.broken = broken;
        let waiting = std::mem::take(&mut round.waiting);
        drop(round);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = self.lock();
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("waiting", &round.waiting.len())
            .field("broken", &round.broken)
            .finish()
    }
}

enum Arrival<'a> {
    Last,
    Waits(Seat<'a>, oneshot::Receiver<usize>),
}

/// A waiter's place in the round, given up when the waiter is dropped.
struct Seat<'a> {
    barrier: &'a Barrier,
    number: u64,
    taken: bool,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if self.taken {
            self.barrier.lock().waiting.remove(&self.number);
        }
    }
}

/// The barrier was aborted or reset, so the parties did not meet.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let barrier = mainspring_task::sync::Barrier::new(2);
/// barrier.abort();
/// assert_eq!(barrier.wait().await.unwrap_err().to_string(), "the barrier was broken");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenBarrier(());

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was broken")
    }
}

impl std::error::Error for BrokenBarrier {}
