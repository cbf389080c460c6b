use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::circuit::{Change, Circuit, Ticket};
use super::settings::{Settings, Slow};
use super::{BreakerError, Outcome, Permit, Refused, State, Status};
use crate::cancel::CatchUnwind;

/// A circuit breaker: stops making calls that keep failing, and tries now and then if they work again.
///
/// | state | calls | it ends when |
/// |---|---|---|
/// | [closed](State::Closed) | go through, and are counted | the share of failures within the [window](Breaker::window) reaches [`failure_ratio`](Breaker::failure_ratio) among [`minimum`](Breaker::minimum) calls at least, *or* [`consecutive`](Breaker::consecutive) calls fail in a row, *or* too many are [slow](Breaker::slow): it opens |
/// | [open](State::Open) | are refused at once | [`open_for`](Breaker::open_for) has passed: it is half-open |
/// | [half-open](State::HalfOpen) | [`probes`](Breaker::probes) go through, the others are refused | as many probes have succeeded: it closes. One has failed or was slow: it opens again |
///
/// Each outcome is judged as it comes. So it opens within the first moment of its life, and failures
/// in a row open it however far apart they are. A probe that does not come back holds its place
/// no longer than `open_for`. A call that began in one state counts nothing in the next.
///
/// **Dropped calls** count neither way, and a dropped probe frees its place. So put a time-out
/// *inside* of the call, where its end is a failure; for one outside tell the breaker what is
/// [slow](Breaker::slow): a call that is dropped after that time has failed. A panic is a failure.
///
/// A clone is another handle of the same breaker. The settings are for a breaker that is new: each
/// gives another, closed one, apart from earlier clones. No task and no timer is behind it, so an
/// open breaker is found to be half-open by the next that asks. The log tells each change, and
/// [`on_change`](Breaker::on_change) tells it to the program.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::retry::{Breaker, State};
///
/// let breaker = Breaker::new("payments").consecutive(2).open_for(Duration::from_secs(5));
/// for _ in 0..2 {
///     let failed = breaker.call(async || Err::<(), _>("connection refused")).await;
///     assert!(!failed.unwrap_err().is_open());
/// }
/// assert!(breaker.call(async || Ok::<_, &str>("paid")).await.unwrap_err().is_open());
///
/// tokio::time::sleep(Duration::from_secs(5)).await;
/// assert_eq!(breaker.call(async || Ok::<_, &str>("paid")).await.unwrap(), "paid");
/// assert_eq!(breaker.state(), State::Closed);
/// # }
/// ```
#[derive(Clone)]
pub struct Breaker {
    core: Arc<Core>,
}

impl Breaker {
    /// A closed breaker. Its name stands in the log and in errors.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Breaker::of(Settings::new(name.into()))
    }

    /// The share of failures that opens it, above zero and up to one; `None`: no share does.
    /// Default: 0.5.
    ///
    /// # Panics
    ///
    /// When it is out of that range.
    #[must_use]
    #[track_caller]
    pub fn failure_ratio(self, ratio: impl Into<Option<f64>>) -> Self {
        let ratio = ratio.into();
        if let Some(ratio) = ratio {
            self.check("failure ratio", ratio);
        }
        self.with(|settings| settings.failure_ratio = ratio)
    }

    /// How many calls must have ended within the window before a share of them opens it; zero
    /// counts as one. Default: 10.
    #[must_use]
    pub fn minimum(self, calls: u64) -> Self {
        self.with(|settings| settings.minimum = calls.max(1))
    }

    /// How many failures without a success in between open it, however far apart they are; zero
    /// counts as one, `None`: no number does. Default: 5.
    #[must_use]
    pub fn consecutive(self, failures: impl Into<Option<u64>>) -> Self {
        let failures = failures.into().map(|failures| failures.max(1));
        self.with(|settings| settings.consecutive = failures)
    }

    /// For how long a call is counted after it has ended, to a tenth of that. Default: 10 s.
    ///
    /// # Panics
    ///
    /// When it is zero: nothing would ever be counted.
    #[must_use]
    #[track_caller]
    pub fn window(self, length: Duration) -> Self {
        assert!(!length.is_zero(), "breaker `{}`: the window is zero", self.name());
        self.with(|settings| settings.window = length)
    }

    /// How long it stays open, and how long a probe may hold its place. Default: 5 s.
    ///
    /// # Panics
    ///
    /// When it is zero: it would never be open.
    #[must_use]
    #[track_caller]
    pub fn open_for(self, time: Duration) -> Self {
        assert!(!time.is_zero(), "breaker `{}`: the time it is open for is zero", self.name());
        self.with(|settings| settings.open_for = time)
    }

    /// How many calls are let through to try if the backend works again, at one time and in all;
    /// zero counts as one. Default: 1.
    #[must_use]
    pub fn probes(self, calls: usize) -> Self {
        self.with(|settings| settings.probes = calls.max(1))
    }

    /// Which calls are slow, and the share of slow ones that opens it, above zero and up to one.
    /// Default: it does not look.
    ///
    /// They count whether they fail or not, among [`minimum`](Breaker::minimum) calls at least.
    /// A slow probe opens it again. A call that is dropped when it has become slow has failed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use mainspring_task::retry::Breaker;
    ///
    /// let breaker = Breaker::new("search").minimum(2).slow(Duration::from_secs(1), 1.0);
    /// for _ in 0..2 {
    ///     let search = async || Ok::<_, &str>(tokio::time::sleep(Duration::from_secs(3)).await);
    ///     assert!(breaker.call(search).await.is_ok());
    /// }
    /// assert!(breaker.state().is_open());
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the share is out of that range.
    #[must_use]
    #[track_caller]
    pub fn slow(self, after: Duration, ratio: f64) -> Self {
        self.check("slow ratio", ratio);
        self.with(|settings| settings.slow = Some(Slow { after, ratio }))
    }

    /// Calls this on each change, with the state before and the state after.
    ///
    /// It is called without a lock, by whoever brings the change about, so it must not block. Two
    /// changes at nearly the same time may come in either order. A panic in it is only logged.
    #[must_use]
    pub fn on_change(self, hook: impl Fn(State, State) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_change = Some(Arc::new(hook)))
    }

    /// Makes a call if the breaker lets it through. `Err` is a failure, `Ok` a success.
    ///
    /// # Errors
    ///
    /// [Open](BreakerError::is_open) when the call was not made; else what the call ended with.
    ///
    /// # Panics
    ///
    /// As the call, which has then failed.
    ///
    /// # Cancel safety
    ///
    /// As that of the call. Dropped, it counts neither way unless it was [slow](Breaker::slow) by
    /// then, and frees the place of a probe.
    pub async fn call<T, E, C, F>(&self, call: C) -> Result<T, BreakerError<E>>
    where
        C: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
    {
        self.call_with(judge, call).await
    }

    /// [`call`](Breaker::call) that is told how the result counts.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::io::{Error, ErrorKind};
    /// use mainspring_task::retry::{Breaker, Outcome};
    ///
    /// let breaker = Breaker::new("files").consecutive(1);
    /// let judge = |result: &Result<(), Error>| match result {
    ///     Err(error) if error.kind() != ErrorKind::NotFound => Outcome::Failure,
    ///     _ => Outcome::Success,
    /// };
    /// let missing = breaker.call_with(judge, async || Err(ErrorKind::NotFound.into())).await;
    /// assert!(missing.is_err() && breaker.state().is_closed());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Breaker::call).
    ///
    /// # Panics
    ///
    /// As the call, which has then failed, and as `judge`, after which the call counts neither way.
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Breaker::call).
    pub async fn call_with<T, E, J, C, F>(&self, judge: J, call: C) -> Result<T, BreakerError<E>>
    where
        J: FnOnce(&Result<T, E>) -> Outcome,
        C: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.permit()?;
        match (CatchUnwind { body: async { call().await } }).await {
            Ok(result) => {
                permit.record(judge(&result));
                result.map_err(BreakerError::inner_error)
            }
            Err(payload) => {
                permit.failure();
                resume_unwind(payload)
            }
        }
    }

    /// The right to make one call, for what is no single future: a stream, a connection, a job.
    ///
    /// # Errors
    ///
    /// [`Refused`] when the breaker is open, or half-open with all probes under way.
    pub fn permit(&self) -> Result<Permit, Refused> {
        let core = &self.core;
        let admitted = core.change(|circuit, now| {
            let change = circuit.advance(&core.settings, now);
            (change, circuit.admit(&core.settings, now))
        });
        match admitted {
            Ok(ticket) => Ok(Permit::new(Arc::clone(core), ticket)),
            Err(refusal) => Err(Refused::new(&core.settings.name, refusal)),
        }
    }

    /// Whether calls go through now.
    #[must_use]
    pub fn state(&self) -> State {
        let core = &self.core;
        core.change(|circuit, now| (circuit.advance(&core.settings, now), circuit.state()))
    }

    /// What has been counted, for metrics and readiness checks.
    #[must_use]
    pub fn status(&self) -> Status {
        let core = &self.core;
        core.change(|circuit, now| {
            let change = circuit.advance(&core.settings, now);
            (change, circuit.status(&core.settings, now))
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.settings.name
    }

    /// Opens it by hand, for [`open_for`](Breaker::open_for) from now on.
    pub fn trip(&self) {
        self.core.change(|circuit, now| (Some(circuit.trip(now)), ()));
    }

    /// Closes it by hand and forgets what was counted.
    pub fn reset(&self) {
        let core = &self.core;
        core.change(|circuit, now| (Some(circuit.reset(&core.settings, now)), ()));
    }

    /// Whether it was closed when it was last asked; unlike [`state`](Breaker::state) it changes
    /// nothing, so nobody is told anything under the lock of the caller.
    pub(super) fn is_closed(&self) -> bool {
        self.core.lock().state().is_closed()
    }

    /// A closed breaker of another name with the same settings.
    pub(super) fn renamed(&self, name: Arc<str>) -> Self {
        Breaker::of(Settings { name, ..self.core.settings.clone() })
    }

    fn with(self, set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.core.settings.clone();
        set(&mut settings);
        Breaker::of(settings)
    }

    fn of(settings: Settings) -> Self {
        let circuit = Mutex::new(Circuit::new(&settings, Instant::now()));
        Breaker { core: Arc::new(Core { settings, circuit }) }
    }

    #[track_caller]
    fn check(&self, what: &str, ratio: f64) {
        let name = self.name();
        assert!(
            ratio > 0.0 && ratio <= 1.0,
            "breaker `{name}`: the {what} is {ratio}, not above 0 and up to 1"
        );
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("settings", &self.core.settings)
            .field("circuit", &*self.core.lock())
            .finish()
    }
}

fn judge<T, E>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    }
}

/// What the handles of a breaker and its permits share.
pub(super) struct Core {
    settings: Settings,
    /// Held for a few steps only; changes are told after it is released.
    circuit: Mutex<Circuit>,
}

impl Core {
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn record(&self, ticket: Ticket, outcome: Option<Outcome>) {
        self.change(|circuit, now| (circuit.record(ticket, outcome, &self.settings, now), ()));
    }

    fn change<T>(&self, step: impl FnOnce(&mut Circuit, Instant) -> (Option<Change>, T)) -> T {
        let mut circuit = self.lock();
        let (change, value) = step(&mut circuit, Instant::now());
        drop(circuit);
        if let Some(change) = change.filter(|change| change.from != change.to) {
            self.tell(change);
        }
        value
    }

    fn tell(&self, change: Change) {
        let name = &*self.settings.name;
        let cause = change.cause.map(tracing::field::display);
        match change.to {
            State::Open => tracing::warn!(breaker = name, cause, "a breaker opened"),
            State::HalfOpen => tracing::info!(breaker = name, cause, "a breaker is half-open"),
            State::Closed => tracing::info!(breaker = name, "a breaker closed"),
        }
        if let Some(hook) = &self.settings.on_change
            && catch_unwind(AssertUnwindSafe(|| hook(change.from, change.to))).is_err()
        {
            tracing::error!(breaker = name, "a callback of a breaker panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
