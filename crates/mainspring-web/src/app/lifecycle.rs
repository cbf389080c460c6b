//! The life of an app and of those nested in it.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use mainspring_service::{BoxError, Result};
use mainspring_task::task::panic_message;

use super::app::App;
use super::hooks::{BoxFuture, Enter, Hook, Hooks, Leave};
use crate::route::{RouteError, Routes, States};

/// An app from its start to its end.
///
/// Outer apps start before those nested in them, and clean up after them. Whoever runs it calls
/// [`start`](Self::start), and, whether or not that went well or was even finished, [`cleanup`](Self::cleanup);
/// between them [`shutdown`](Self::shutdown) as soon as nobody new comes in.
pub(crate) struct Lifecycle {
    stages: Vec<Stage>,
    progress: Mutex<Progress>,
    /// Somebody else cleans up from now on.
    ready: AtomicBool,
}

/// One app of the nest.
pub(crate) struct Stage {
    pub(super) scope: usize,
    pub(super) hooks: Hooks,
}

struct Progress {
    /// Until the start is done.
    routes: Option<Routes>,
    /// By stage: the states as far as they are there.
    states: Vec<States>,
    /// How many stages have begun to start.
    begun: usize,
    /// The ends of the contexts that were entered, in order, with the index of their stage.
    exits: Vec<(usize, Hook<BoxFuture<Result>>)>,
}

impl Lifecycle {
    /// # Errors
    ///
    /// Those of [`App::build`].
    pub(crate) fn new(app: &App) -> Result<Self, RouteError> {
        let (routes, stages) = app.assemble()?;
        let states = vec![States::default(); stages.len()];
        let progress = Progress { routes: Some(routes), states, begun: 0, exits: Vec::new() };
        Ok(Self { stages, progress: Mutex::new(progress), ready: AtomicBool::new(false) })
    }

    /// Enters the contexts and runs the startup hooks, app by app, the outermost first; gives the table with
    /// all states.
    ///
    /// # Errors
    ///
    /// The first error. What was entered stays so until the cleanup.
    pub(crate) async fn start(&self) -> Result<Arc<Routes>> {
        for (index, stage) in self.stages.iter().enumerate() {
            self.progress().begin(index, stage);
            for hook in stage.hooks.contexts.iter().chain(&stage.hooks.startup) {
                self.enter(index, hook).await?;
            }
            self.progress().settle(index, stage);
        }
        let routes = self.progress().routes.take();
        routes.map(Arc::new).ok_or_else(|| BoxError::from("the app has been started already"))
    }

    /// Says that whoever runs the app answers requests, and so cleans up at its end.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    async fn enter(&self, index: usize, hook: &Hook<Enter>) -> Result {
        let states = self.progress().states(index);
        let entered = caught((hook.run)(states)).await.map_err(|source| hook.failure(source))?;
        let mut progress = self.progress();
        if let Some(states) = progress.states.get_mut(index) {
            (entered.add)(states);
        }
        let exit = entered.exit.map(|run| Hook { kind: hook.kind, run, place: hook.place });
        progress.exits.extend(exit.map(|exit| (index, exit)));
        Ok(())
    }

    /// Runs the shutdown hooks of the apps that have started, the outermost first.
    ///
    /// # Errors
    ///
    /// All errors; every hook is run.
    pub(crate) async fn shutdown(&self) -> Result {
        let mut failures = Failures::default();
        let begun = self.progress().begun;
        for (index, stage) in self.stages.iter().enumerate().take(begun) {
            for hook in &stage.hooks.shutdown {
                failures.take(self.leave(index, hook).await);
            }
        }
        failures.into_result()
    }

    /// Leaves the contexts in reverse and runs the cleanup hooks, app by app, the innermost first. Does nothing
    /// the second time.
    ///
    /// # Errors
    ///
    /// All errors; everything is run.
    pub(crate) async fn cleanup(&self) -> Result {
        let mut failures = Failures::default();
        let begun = std::mem::take(&mut self.progress().begun);
        for (index, stage) in self.stages.iter().enumerate().take(begun).rev() {
            while let Some(exit) = self.last_exit(index) {
                let (kind, place) = (exit.kind, exit.place);
                let left = caught(exit.run).await;
                failures.take(left.map_err(|source| Failure { kind, place, source }.into()));
            }
            for hook in &stage.hooks.cleanup {
                failures.take(self.leave(index, hook).await);
            }
        }
        failures.into_result()
    }

    async fn leave(&self, index: usize, hook: &Hook<Leave>) -> Result {
        let states = self.progress().states(index);
        caught((hook.run)(states)).await.map_err(|source| hook.failure(source))
    }

    fn last_exit(&self, index: usize) -> Option<Hook<BoxFuture<Result>>> {
        self.progress().exits.pop_if(|(stage, _)| *stage == index).map(|(_, exit)| exit)
    }

    /// Held for moments only, never across an await.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// The states of a stage begin with what was given and what the app around it has by now.
    fn begin(&mut self, index: usize, stage: &Stage) {
        self.begun = index + 1;
        let scopes = self.routes.as_ref().map(|routes| routes.scopes.as_slice()).unwrap_or_default();
        let Some(scope) = scopes.get(stage.scope) else { return };
        let own = scope.own.clone();
        let outer = scope.parent.and_then(|parent| scopes.get(parent)).map(|parent| parent.states.clone());
        if let Some(states) = self.states.get_mut(index) {
            *states = match outer {
                Some(outer) => own.over(&outer),
                None => own,
            };
        }
    }

    /// Puts the states of a stage into the table.
    fn settle(&mut self, index: usize, stage: &Stage) {
        let Some(routes) = &mut self.routes else { return };
        if let (Some(scope), Some(states)) = (routes.scopes.get_mut(stage.scope), self.states.get(index)) {
            scope.states.clone_from(states);
        }
    }

    fn states(&self, index: usize) -> States {
        self.states.get(index).cloned().unwrap_or_default()
    }
}

impl<F> Hook<F> {
    fn failure(&self, source: BoxError) -> BoxError {
        Failure { kind: self.kind, place: self.place, source }.into()
    }
}

/// Turns a panic into an error, so that what follows is run.
async fn caught<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|panic: Box<dyn Any + Send>| {
        Err(format!("it panicked: {}", panic_message(&*panic)).into())
    })
}

/// A hook that failed.
#[derive(Debug)]
struct Failure {
    kind: &'static str,
    place: &'static std::panic::Location<'static>,
    source: BoxError,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} hook at {} failed: {}", self.kind, self.place, self.source)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

/// What went wrong in an end that goes on all the same.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<BoxError>);

impl Failures {
    pub(crate) fn take(&mut self, result: Result) {
        self.0.extend(result.err());
    }

    /// # Errors
    ///
    /// When anything was taken: the error itself when it is one, else all of them.
    pub(crate) fn into_result(mut self) -> Result {
        match self.0.len() {
            0 | 1 => self.0.pop().map_or(Ok(()), Err),
            _ => Err(self.into()),
        }
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle").field("ready", &self.ready).finish_non_exhaustive()
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl StdError for Failures {}
