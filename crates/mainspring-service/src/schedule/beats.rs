use tokio::time::Instant;

use super::job::Request;

/// When runs are due.
pub(super) trait Beats<D>: Send {
    /// The series begins.
    fn begin(&mut self, now: Instant);

    /// The first run belongs to the start of the service.
    fn begins_with_a_run(&self) -> bool;

    /// When to ask [`due`](Beats::due) next; `None` when never.
    fn wake(&mut self, now: Instant) -> Option<Instant>;

    /// The runs that are due now.
    fn due(&mut self, now: Instant) -> Vec<Request<D>>;

    /// What a run that is asked for by hand now stands for.
    fn by_hand(&self) -> D;

    /// No run is under way any more.
    fn idle(&mut self, now: Instant);
}
