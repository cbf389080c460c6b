use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;

#[cfg(unix)]
use tokio::signal::unix::SignalKind;

use super::drive::caught;
use crate::{Error, Outcome, Result};

type BoxFuture = Pin<Box<dyn Future<Output = Result> + Send>>;

/// What runs at the four moments of a process, and at signals of the user's choice.
#[derive(Default)]
pub(super) struct Hooks {
    moments: Vec<(Moment, Hook)>,
    #[cfg(unix)]
    signals: Vec<SignalHook>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeStart,
    AfterStart,
    BeforeStop,
    AfterStop,
}

struct Hook {
    run: Box<dyn FnOnce() -> BoxFuture + Send>,
    place: &'static Location<'static>,
}

#[cfg(unix)]
struct SignalHook {
    kind: SignalKind,
    run: Box<dyn FnMut() -> BoxFuture + Send>,
    place: &'static Location<'static>,
}

impl Hooks {
    pub(super) fn add<F, Fut>(&mut self, moment: Moment, place: &'static Location<'static>, hook: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let run = Box::new(move || Box::pin(async move { hook().await.into_result() }) as BoxFuture);
        self.moments.push((moment, Hook { run, place }));
    }

    #[cfg(unix)]
    pub(super) fn add_signal<F, Fut>(
        &mut self,
        kind: SignalKind,
        place: &'static Location<'static>,
        mut hook: F,
    ) where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let run = Box::new(move || {
            let running = hook();
            Box::pin(async move { running.await.into_result() }) as BoxFuture
        });
        self.signals.push(SignalHook { kind, run, place });
    }

    /// Runs the hooks of a moment, in the order in which they were added. All run; the first error is
    /// given back, the others are logged.
    pub(super) async fn run(&mut self, moment: Moment) -> Result<(), Error> {
        let mut failed = Ok(());
        for (_, hook) in self.moments.extract_if(.., |(at, _)| *at == moment).collect::<Vec<_>>() {
            let Err(error) = caught(async { (hook.run)().await }).await else { continue };
            tracing::error!(%error, place = %hook.place, ?moment, "a hook failed");
            if failed.is_ok() {
                failed = Err(Error::start(&format!("hook at {}", hook.place), error));
            }
        }
        failed
    }

    /// Listens to the signals from here on, in tasks that end with the process.
    #[cfg(unix)]
    pub(super) fn listen(&mut self) -> Result<(), Error> {
        for SignalHook { kind, mut run, place } in std::mem::take(&mut self.signals) {
            let mut heard = tokio::signal::unix::signal(kind).map_err(Error::runtime)?;
            let listening = async move {
                while heard.recv().await.is_some() {
                    if let Err(error) = caught(async { run().await }).await {
                        tracing::error!(%error, %place, "the hook of a signal failed");
                    }
                }
            };
            let builder = mainspring_task::task::Builder::new().name("signal hook").place(place);
            builder.spawn(listening).detach();
        }
        Ok(())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("moments", &self.moments.len()).finish_non_exhaustive()
    }
}
