use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::handle::Board;
use super::{Handle, OnError, Overlap, RunError};
use crate::{Outcome, Result};

/// The user's work; `D` is what it is told.
type Work<D> = Box<dyn FnMut(D) -> BoxFuture<'static, Result> + Send>;

/// Where the outcome of a run goes that was asked for by hand.
pub(super) type Reply = oneshot::Sender<Result<(), RunError>>;

/// What all schedules have: the work and what to do about it.
pub(super) struct Job<D> {
    pub(super) name: String,
    pub(super) place: &'static Location<'static>,
    pub(super) overlap: Overlap,
    pub(super) on_error: OnError,
    pub(super) work: Work<D>,
    pub(super) requests: mpsc::Receiver<Reply>,
    pub(super) handle: Handle,
}

/// A run that is wanted.
pub(super) struct Request<D> {
    /// What the work is told.
    pub(super) due: D,
    /// Who waits for it, if it was asked for by hand.
    pub(super) reply: Option<Reply>,
    /// It makes up for a missed one, so it waits for its turn whatever the overlap policy.
    pub(super) late: bool,
}

/// Tells who waits for a run, if anybody does.
pub(super) fn answer(reply: Option<Reply>, outcome: Result<(), RunError>) {
    if let Some(reply) = reply {
        // Nobody hears it when the wait was cancelled.
        drop(reply.send(outcome));
    }
}

/// What the builder of any schedule lets be set of its [`Job`], and the handle.
macro_rules! job_settings {
    ($name:literal) => {
        #[doc = concat!("The name of the service. Default: `", $name, "`.")]
        #[must_use]
        pub fn name(mut self, name: impl Into<String>) -> Self {
            self.job.name = name.into();
            self
        }

        /// What becomes of a run that is due while another is under way. Default: it is left out.
        #[must_use]
        pub fn overlap(mut self, policy: Overlap) -> Self {
            self.job.overlap = policy;
            self
        }

        /// What becomes of the series when a run fails. Default: it goes on.
        #[must_use]
        pub fn on_error(mut self, policy: OnError) -> Self {
            self.job.on_error = policy;
            self
        }

        /// What starts runs by hand and shows the figures.
        #[must_use]
        pub fn handle(&self) -> Handle {
            self.job.handle.clone()
        }
    };
}

pub(super) use job_settings;

impl<D: 'static> Job<D> {
    pub(super) fn new<F, Fut>(name: &str, place: &'static Location<'static>, mut work: F) -> Self
    where
        F: FnMut(D) -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let (sender, requests) = mpsc::channel(WAITING_HANDLES);
        let work = move |due: D| -> BoxFuture<'static, Result> {
            let run = work(due);
            Box::pin(async move { run.await.into_result() })
        };
        Job {
            name: name.to_owned(),
            place,
            overlap: Overlap::default(),
            on_error: OnError::default(),
            work: Box::new(work),
            requests,
            handle: Handle { requests: sender, board: Arc::new(Board::default()) },
        }
    }
}

/// How many may ask by hand at once before they wait for a place.
const WAITING_HANDLES: usize = 16;
