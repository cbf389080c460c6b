use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mainspring_task::task::panic_message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame;
use super::job_error::Kind;
use crate::{BoxError, Result};

/// Runs a job on encoded arguments, and gives the frame of its value.
type Run = Box<dyn Fn(u64, &[u8], u32) -> Result<Vec<u8>, Kind>>;

/// The jobs that a worker knows, by name; filled in [`worker`](super::worker).
#[derive(Default)]
pub struct Jobs {
    known: BTreeMap<String, Run>,
    /// The first name that was given twice.
    twice: Option<String>,
}

impl Jobs {
    /// Adds a job: a name, and a function of one argument.
    ///
    /// Several arguments are a tuple or a struct. Two jobs of one name are an error that keeps the
    /// workers from starting.
    ///
    /// ```no_run
    /// use mainspring_service::process;
    ///
    /// process::worker(|jobs| {
    ///     jobs.add("double", |number: u64| Ok(2 * number));
    ///     jobs.add("lines", |path: String| Ok(std::fs::read_to_string(path)?.lines().count()));
    ///     jobs.add("power", |(base, exponent): (u64, u32)| {
    ///         base.checked_pow(exponent).ok_or("the power is too large".into())
    ///     });
    /// });
    /// ```
    pub fn add<A, T, F>(&mut self, name: impl Into<String>, run: F)
    where
        A: DeserializeOwned + 'static,
        T: Serialize + 'static,
        F: Fn(A) -> Result<T> + 'static,
    {
        let name = name.into();
        let run: Run = Box::new(move |id, arguments, limit| {
            let arguments = frame::read(arguments).map_err(Kind::Arguments)?;
            let value = run(arguments).map_err(|error| Kind::Failed(with_sources(&error)))?;
            frame::value(id, &value, limit)
        });
        if self.known.insert(name.clone(), run).is_some() {
            self.twice.get_or_insert(name);
        }
    }

    /// What is wrong with the whole.
    pub(super) fn check(&self) -> Result<(), String> {
        match &self.twice {
            Some(name) => Err(format!("the job `{name}` is added twice")),
            None => Ok(()),
        }
    }

    /// Runs one job, and gives the frame that answers it.
    pub(super) fn run(&self, id: u64, job: &str, arguments: &[u8], limit: u32) -> Vec<u8> {
        let Some(run) = self.known.get(job) else {
            return frame::failure(id, &Kind::Unknown(self.names()));
        };
        // What a job has broken in itself is its own: the next one begins with its own arguments.
        let outcome = catch_unwind(AssertUnwindSafe(|| run(id, arguments, limit)));
        let outcome =
            outcome.unwrap_or_else(|payload| Err(Kind::Panicked(panic_message(&*payload).to_owned())));
        outcome.unwrap_or_else(|kind| frame::failure(id, &kind))
    }

    fn names(&self) -> String {
        if self.known.is_empty() {
            return "none".to_owned();
        }
        self.known.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}

/// An error and what is behind it, in one line: nothing but text can leave the worker.
fn with_sources(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.known.keys()).finish()
    }
}
