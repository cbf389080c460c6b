//! What an app does when it starts and ends.

use std::any::TypeId;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use mainspring_service::{Outcome, Result};

use crate::route::States;

pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Begins something; gives what it adds to the states, and how it ends when it has an end of its own.
pub(super) type Enter = Arc<dyn Fn(States) -> BoxFuture<Result<Entered>> + Send + Sync>;
pub(super) type Leave = Arc<dyn Fn(States) -> BoxFuture<Result> + Send + Sync>;

pub(super) struct Entered {
    pub(super) add: Box<dyn FnOnce(&mut States) + Send>,
    pub(super) exit: Option<BoxFuture<Result>>,
}

/// A hook and the place in the code where it was added.
#[derive(Clone)]
pub(super) struct Hook<F> {
    pub(super) kind: &'static str,
    pub(super) run: F,
    pub(super) place: &'static Location<'static>,
}

impl<F> Hook<F> {
    #[track_caller]
    pub(super) fn new(kind: &'static str, run: F) -> Self {
        Self { kind, run, place: Location::caller() }
    }
}

/// The hooks of one app, each kind in order.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(super) contexts: Vec<Hook<Enter>>,
    pub(super) startup: Vec<Hook<Enter>>,
    pub(super) shutdown: Vec<Hook<Leave>>,
    pub(super) cleanup: Vec<Hook<Leave>>,
    /// The types of the values that contexts and startup give.
    pub(super) promised: Vec<TypeId>,
}

impl Hooks {
    pub(super) fn has_startup(&self) -> bool {
        !(self.contexts.is_empty() && self.startup.is_empty())
    }
}

pub(super) fn startup<F, Fut, T>(hook: F) -> Enter
where
    F: Fn(States) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    Arc::new(move |states| {
        let future = hook(states);
        Box::pin(async move {
            let value = future.await?;
            Ok(Entered { add: Box::new(|states| states.insert(value)), exit: None })
        })
    })
}

pub(super) fn context<F, Fut, T, C>(hook: F) -> Enter
where
    F: Fn(States) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(T, C)>> + Send + 'static,
    T: Send + Sync + 'static,
    C: Future<Output: Outcome> + Send + 'static,
{
    Arc::new(move |states| {
        let future = hook(states);
        Box::pin(async move {
            let (value, exit) = future.await?;
            let exit: BoxFuture<Result> = Box::pin(async move { exit.await.into_result() });
            Ok(Entered { add: Box::new(|states| states.insert(value)), exit: Some(exit) })
        })
    })
}

pub(super) fn leave<F, Fut>(hook: F) -> Leave
where
    F: Fn(States) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Arc::new(move |states| {
        let future = hook(states);
        Box::pin(async move { future.await.into_result() })
    })
}
