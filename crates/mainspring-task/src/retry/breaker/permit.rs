use std::fmt;
use std::sync::Arc;

use super::circuit::Ticket;
use super::handle::Core;

/// How a call ended, as a breaker counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The backend did what it is for. An answer that the caller did not like, such as "not
    /// found", is often a success in this sense.
    Success,
    /// It did not.
    Failure,
    /// The call tells nothing about the backend, and counts neither way; a probe frees its place.
    Ignored,
}

/// The right to make one call; given by [`Breaker::permit`](super::Breaker::permit).
///
/// The call is timed from there to [`record`](Permit::record). A permit that is dropped counts
/// neither way, as if the call had not been made, and a probe frees its place. The exception is a
/// breaker that knows what is [slow](super::Breaker::slow): a call that is dropped after that time
/// has failed. What is recorded after the breaker has changed its state is not counted.
///
/// ```
/// use mainspring_task::retry::{Breaker, Outcome};
///
/// let breaker = Breaker::new("payments");
/// breaker.permit().unwrap().record(Outcome::Failure);
/// drop(breaker.permit().unwrap());
/// assert_eq!(breaker.status().calls, 1);
/// ```
#[must_use = "a permit that is dropped counts neither way"]
pub struct Permit {
    core: Arc<Core>,
    /// `None` once it has been recorded.
    ticket: Option<Ticket>,
}

impl Permit {
    pub(super) fn new(core: Arc<Core>, ticket: Ticket) -> Self {
        Permit { core, ticket: Some(ticket) }
    }

    /// Counts the call as this.
    pub fn record(mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.core.record(ticket, Some(outcome));
        }
    }

    /// Counts the call as a success.
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// Counts the call as a failure.
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.core.record(ticket, None);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("breaker", &self.core.settings().name).finish_non_exhaustive()
    }
}
