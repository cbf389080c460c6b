//! A process that runs: under signals, on a runtime of its own, to its end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::all_tasks;
use mainspring_task::cancel::{grace, rescued};
use tokio::time::timeout;

use super::launch::complain;
use super::reload::Reload;
use super::{Entrypoint, Running, manager};
use crate::Error;
use crate::runtime::Cores;
use crate::signal::{Phase, Signal, Signals};

/// How long a runtime whose tasks have ended may take to end its blocking threads.
const RUNTIME_END: Duration = Duration::from_secs(1);

impl Entrypoint {
    pub(super) fn run_on_own_runtime<F: Future>(self, future: F) -> Result<F::Output, Error> {
        let (runtime, cores) = self.runtime.build(&self.threads).map_err(Error::runtime)?;
        let result = runtime.block_on(self.run_under_signals(&cores, future));
        if !matches!(&result, Err(error) if error.exit_code() > 128) {
            runtime.block_on(end_leftovers(runtime.handle().id()));
        }
        match &result {
            Err(error) if error.exit_code() > 128 => runtime.shutdown_background(),
            _ => runtime.shutdown_timeout(RUNTIME_END),
        }
        result
    }

    async fn run_under_signals<F: Future>(self, cores: &Cores, future: F) -> Result<F::Output, Error> {
        let mut signals = Signals::catch(self.bounds.start).map_err(Error::runtime)?;
        let services = self.services.len();
        manager::starting(services);
        let mut running = Running::spawn(self, cores).await?;
        #[cfg(unix)]
        running.hooks.listen()?;
        let reload = Arc::clone(&running.reload);
        let started = tokio::select! {
            ready = running.ready() => ready,
            signal = signals.ending(&reload, Phase::Starting) => Err(Error::interrupted(signal)),
        };
        if let Err(reason) = started {
            manager::stopping();
            let abandoned = tokio::select! {
                biased;
                abandoned = running.abandon() => abandoned,
                signal = second(&mut signals, &reload, reason.is_interrupted()) => Err(Error::killed(signal)),
            };
            return Err(worse(reason, abandoned));
        }
        manager::ready(services);
        #[cfg(unix)]
        super::successor::ready();
        #[cfg(unix)]
        for socket in crate::net::inherit::leftover() {
            tracing::warn!(
                service = socket.service,
                "a socket was passed for a service that did not take it"
            );
        }
        let ended = tokio::select! {
            output = future => Ok(output),
            failed = running.failed() => Err(failed),
            signal = signals.ending(&reload, Phase::Ready) => Err(Error::interrupted(signal)),
        };
        let mut told = false;
        if let Err(reason) = &ended {
            tracing::info!(%reason, "stopping");
            running.handover = reason.is_replaced();
            told = reason.is_interrupted() && !running.handover;
        }
        // After a handover it is the successor that the manager watches, and that does not stop.
        if !running.handover {
            manager::stopping();
        }
        let stopped = tokio::select! {
            biased;
            stopped = running.stop() => stopped,
            signal = second(&mut signals, &reload, told) => Err(Error::killed(signal)),
        };
        match (ended, stopped) {
            (Err(failed), Ok(())) => Err(failed),
            (Err(failed), Err(stopped)) if !failed.is_interrupted() && stopped.exit_code() <= 128 => {
                Err(failed)
            }
            (ended, stopped) => stopped.and(ended),
        }
    }
}

/// Waits for the signal that ends a stop at once: the second, of which a signal that began the stop is the first.
async fn second(signals: &mut Signals, reload: &Reload, mut told: bool) -> Signal {
    loop {
        let signal = signals.ending(reload, Phase::Stopping).await;
        if told {
            return signal;
        }
        told = true;
        tracing::info!("{signal}: the process is stopping already; a second signal ends it at once");
    }
}

/// What a start that was given up ends with: a signal is no excuse for a stop that was not clean.
fn worse(reason: Error, abandoned: Result<(), Error>) -> Error {
    match abandoned {
        Ok(()) => reason,
        Err(error) if error.is_interrupted() => error,
        // One that was cut off on its way up may have failed to start.
        Err(error) if reason.is_interrupted() && !error.is_start() => error,
        Err(error) => {
            tracing::error!("{error}");
            reason
        }
    }
}

/// Cancels what still runs when all services are down, and waits for its cleanup, within the grace.
async fn end_leftovers(runtime: tokio::runtime::Id) {
    // A cleanup that has not been polled yet could be cancelled like any task.
    if timeout(grace() + RUNTIME_END, rescued()).await.is_err() {
        tracing::error!("dropping cleanups that did not end");
    }
    let left: Vec<_> = all_tasks().into_iter().filter(|task| task.runtime() == Some(runtime)).collect();
    for task in &left {
        tracing::debug!(task = %task.info(), "cancelled at the end of the process");
        task.cancel_with("the process ends");
    }
    let ended = async {
        for task in &left {
            task.ended().await;
        }
        rescued().await;
    };
    if timeout(grace() + RUNTIME_END, ended).await.is_err() {
        tracing::error!("tasks were dropped at the end of the process: they did not clean up in their grace");
    }
}

/// One line that says what ended the process; on standard error when there is no log to say it.
pub(super) fn report(error: &Error) {
    if error.is_interrupted() && error.exit_code() == 1 {
        return;
    }
    if tracing::dispatcher::has_been_set() {
        tracing::error!("{error}");
    } else {
        complain(error);
    }
}
