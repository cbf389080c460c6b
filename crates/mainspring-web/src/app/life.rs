//! The hooks of an app, as they are added.

use std::any::TypeId;
use std::future::Future;

use mainspring_service::{Outcome, Result};

use super::app::App;
use super::hooks::{self, Hook};
use crate::route::States;

impl App {
    /// Runs when the app starts, before the server listens; what it gives is a state of the app.
    ///
    /// It sees the states that are there by then. Handlers take what it gives with [`State<T>`](crate::State)
    /// as any other; the routes are checked before anything starts. A hook with nothing to give gives `()`.
    /// An error fails the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, State, States};
    ///
    /// #[derive(Clone)]
    /// struct Pool { url: String }
    ///
    /// let app = App::new()
    ///     .state("postgres://cats".to_owned())
    ///     .on_startup(async |states: States| Ok(Pool { url: states.require::<String>()?.clone() }))
    ///     .get("/", async |State(pool): State<Pool>| pool.url);
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn on_startup<F, Fut, T>(mut self, hook: F) -> Self
    where
        F: Fn(States) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Clone + Send + Sync + 'static,
    {
        self.hooks.promised.push(TypeId::of::<T>());
        self.hooks.startup.push(Hook::new("on_startup", hooks::startup(hook)));
        self
    }

    /// Opens something when the app starts and closes it when it ends: what it gives is a state and the future
    /// that ends it.
    ///
    /// All contexts are entered before the first [`on_startup`](Self::on_startup), in order, and left in reverse
    /// order, also when the start fails after them. The ends are all awaited; their errors are told together.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, State, States};
    ///
    /// #[derive(Clone)]
    /// struct Pool { size: usize }
    ///
    /// impl Pool {
    ///     async fn close(self) {}
    /// }
    ///
    /// let app = App::new()
    ///     .cleanup_ctx(async |_: States| {
    ///         let pool = Pool { size: 8 };
    ///         Ok((pool.clone(), pool.close()))
    ///     })
    ///     .get("/", async |State(pool): State<Pool>| pool.size.to_string());
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cleanup_ctx<F, Fut, T, C>(mut self, context: F) -> Self
    where
        F: Fn(States) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(T, C)>> + Send + 'static,
        T: Clone + Send + Sync + 'static,
        C: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.promised.push(TypeId::of::<T>());
        self.hooks.contexts.push(Hook::new("cleanup_ctx", hooks::context(context)));
        self
    }

    /// Runs when the server stops: its port is closed, requests may still be at work.
    ///
    /// The place to tell long conversations (websockets, event streams) to end. All hooks are run; an error
    /// makes the end of the process an unclean one.
    #[must_use]
    #[track_caller]
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(States) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.shutdown.push(Hook::new("on_shutdown", hooks::leave(hook)));
        self
    }

    /// Runs at the very end, when no request is at work and the contexts are left; also after a start that
    /// failed, when states may be missing.
    ///
    /// All hooks are run; their errors are told together.
    #[must_use]
    #[track_caller]
    pub fn on_cleanup<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(States) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.cleanup.push(Hook::new("on_cleanup", hooks::leave(hook)));
        self
    }
}
