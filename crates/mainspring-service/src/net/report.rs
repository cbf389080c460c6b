use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt;

use super::options::Hook;
use super::{Counters, Failure, Options, Peer, Stage};
use crate::{BoxError, Context, Outcome};

/// Where a server counts and tells what goes wrong with its peers.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) service: Arc<str>,
    pub(super) counters: Counters,
    hook: Option<Hook>,
}

impl Report {
    pub(super) fn new(cx: &Context, options: &Options, counters: &Counters) -> Self {
        let (service, hook) = (cx.service().into(), options.on_failure.clone());
        Report { service, counters: counters.clone(), hook }
    }

    /// Runs a handler to its end. An error it gives is told; so is a panic, which then goes on its way.
    pub(super) async fn watch<Fut>(&self, peer: &Peer, handler: impl FnOnce() -> Fut)
    where
        Fut: Future<Output: Outcome>,
    {
        // In two steps, so that what the handler is given is not kept beside what it makes of it.
        let panicked = match catch_unwind(AssertUnwindSafe(handler)) {
            Err(payload) => payload,
            Ok(work) => match AssertUnwindSafe(work).catch_unwind().await {
                Err(payload) => payload,
                Ok(outcome) => {
                    if let Err(error) = outcome.into_result() {
                        self.failure(peer, Stage::Handler, &error);
                    }
                    return;
                }
            },
        };
        self.panic(peer, panicked)
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

    /// The log has it from the task, which the panic ends.
    fn panic(&self, peer: &Peer, payload: Box<dyn Any + Send>) -> ! {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let error = format!("the handler panicked: {}", text.unwrap_or("a payload that is not text"));
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
