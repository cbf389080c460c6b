use std::any::Any;
use std::panic::resume_unwind;
use std::sync::Arc;

use mainspring_task::task::panic_message;

use super::options::Hook;
use super::{Counters, Failure, Options, Peer, Stage};
use crate::{BoxError, Context, Outcome};

/// Where a server counts and tells what goes wrong with its peers.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) service: Arc<str>,
    pub(super) counters: Counters,
    hook: Option<Hook>,
}

impl Report {
    pub(super) fn new(cx: &Context, options: &Options, counters: &Counters) -> Arc<Self> {
        let (service, hook) = (cx.service().into(), options.on_failure.clone());
        Arc::new(Report { service, counters: counters.clone(), hook })
    }

    pub(super) fn outcome(&self, peer: &Peer, outcome: impl Outcome) {
        if let Err(error) = outcome.into_result() {
            self.failure(peer, Stage::Handler, &error);
        }
    }

    pub(super) fn failure(&self, peer: &Peer, stage: Stage, error: &BoxError) {
        let service = &*self.service;
        if stage == Stage::Handler {
            tracing::warn!(service, %peer, %error, "a connection failed");
        } else {
            // Whoever scans the port can cause these: counted, but no flood of the log.
            tracing::debug!(service, %peer, %stage, %error, "a connection was not established");
        }
        self.tell(peer, stage, error);
    }

    /// Tells of a handler's panic and lets it go on. The log has it from the task, which the panic ends.
    #[cold]
    pub(super) fn panic(&self, peer: &Peer, payload: Box<dyn Any + Send>) -> ! {
        let error = format!("the handler panicked: {}", panic_message(&*payload));
        self.tell(peer, Stage::Handler, &error.into());
        resume_unwind(payload)
    }

    fn tell(&self, peer: &Peer, stage: Stage, error: &BoxError) {
        self.counters.failed();
        if let Some(hook) = &self.hook {
            hook.call(&Failure { service: &self.service, peer, stage, error });
        }
    }
}
