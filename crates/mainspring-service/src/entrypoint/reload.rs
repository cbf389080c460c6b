//! Settings that are loaded again while the process runs.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Entrypoint, Installed};
use crate::Result;
use crate::config::{Config, Live};
use crate::signal::Hangup;

/// Loads settings again; false when they were refused.
type Settings = Box<dyn Fn() -> bool + Send + Sync>;
type Filter = Box<dyn Fn() -> String + Send + Sync>;

/// What happens at SIGHUP, before and when the services are told.
#[derive(Default)]
pub(crate) struct Reload {
    settings: Vec<Settings>,
    filter: Option<Filter>,
    /// The log, and the filter it was given last.
    log: Mutex<Option<(Weak<dyn Installed>, String)>>,
    pub(crate) hangup: Hangup,
}

impl Entrypoint {
    /// Loads the settings again at SIGHUP, before the services are told of it.
    ///
    /// When anything is wrong with them, the log has a line for each mistake, the old ones stay in force,
    /// and the services are not told. Called several times, it loads several.
    ///
    /// ```
    /// use mainspring_macros::Config;
    /// use mainspring_service::config::{Live, Loader, Sources};
    /// use mainspring_service::{Context, Entrypoint, service};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Debug, Default, Serialize, Deserialize, Config)]
    /// #[serde(default)]
    /// #[config(crate = "mainspring_service::config")] // only within this workspace
    /// struct Settings { greeting: String }
    ///
    /// let sources = Sources::none().file("demo.toml", "greeting = 'hello'");
    /// let live = Loader::new("demo").sources(sources).live::<Settings>().unwrap();
    /// async fn greet(cx: Context, live: Live<Settings>) {
    ///     cx.ready();
    ///     loop {
    ///         tracing::info!("{}", live.settings().get().greeting);
    ///         cx.reload().await;
    ///     }
    /// }
    ///
    /// let greeted = live.clone();
    /// let greeter = service("greeter", move |cx: Context| greet(cx, greeted.clone()));
    /// Entrypoint::new("demo").settings(&live).service(greeter).run_until(async {}).unwrap();
    /// ```
    pub fn settings<T: Config + Send + Sync + 'static>(mut self, live: &Live<T>) -> Self {
        let live = live.clone();
        self.reload.settings.push(Box::new(move || load(&live)));
        self
    }

    /// Sets which events are logged, by a value of the settings, at the start and when they have changed.
    ///
    /// It is a text of directives such as `info,hyper=off`. What the environment says about the log goes
    /// before it. Without [`settings`](Entrypoint::settings) it is read at the start only.
    pub fn log_filter<T: Config + Send + Sync + 'static>(
        mut self,
        live: &Live<T>,
        filter: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Self {
        let settings = live.settings();
        self.reload.filter = Some(Box::new(move || filter(&settings.get())));
        self
    }
}

fn load<T: Config>(live: &Live<T>) -> bool {
    match live.reload() {
        Ok(changes) if changes.is_empty() => tracing::info!("the settings have not changed"),
        Ok(changes) => tracing::info!(%changes, "the settings are in force"),
        Err(error) => {
            for mistake in error.mistakes() {
                tracing::error!("the settings are refused, and the old ones stay in force: {mistake}");
            }
            return false;
        }
    }
    true
}

impl Reload {
    /// Sets the log's filter by the settings, here and at each reload.
    pub(super) fn steer(&self, log: &Arc<dyn Installed>) -> Result {
        let Some(filter) = &self.filter else { return Ok(()) };
        let directives = filter();
        log.set_filter(&directives)?;
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::downgrade(log), directives));
        Ok(())
    }

    pub(crate) fn run(&self) {
        // All are loaded, whatever becomes of the first.
        let refused = self.settings.iter().filter(|load| !load()).count();
        if refused == 0 {
            self.refilter();
            self.hangup.tell();
        }
    }

    fn refilter(&self) {
        let mut steered = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some((log, last)), Some(filter)) = (&mut *steered, &self.filter) else { return };
        let directives = filter();
        let Some(log) = log.upgrade().filter(|_| *last != directives) else { return };
        match log.set_filter(&directives) {
            Ok(()) => tracing::info!(filter = directives, "the log's filter has changed"),
            Err(error) => tracing::error!("the log's filter stays `{last}`: {error}"),
        }
        *last = directives;
    }
}
