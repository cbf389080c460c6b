use jiff::Timestamp;

/// Tells what time it is; [`SystemClock`] unless a test says otherwise.
///
/// A closure is a clock. This one goes with tokio's, so that a paused clock moves it:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use jiff::{SignedDuration, Timestamp};
/// use mainspring_service::schedule::{Clock, Cron};
/// use tokio::time::Instant;
///
/// let (begin, start): (Timestamp, _) = ("2024-03-31T00:59:00Z".parse().unwrap(), Instant::now());
/// let clock = move || begin + SignedDuration::try_from(start.elapsed()).unwrap();
/// assert!(clock.now() >= begin);
/// let cron = Cron::at("@hourly", || async {}).unwrap().clock(clock);
/// # drop(cron);
/// # }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now. It may jump, as clocks do.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
