use std::fmt;

use crate::task::{Task, TaskError};

/// When [`wait`](super::wait) has waited enough, if not all tasks have ended before.
pub struct Until<T> {
    rule: Rule<T>,
}

enum Rule<T> {
    All,
    FirstCompleted,
    Plain(fn(&Result<T, TaskError>) -> bool),
    Closure(Box<Accept<T>>),
}

type Accept<T> = dyn FnMut(&Result<T, TaskError>) -> bool + Send;

#[expect(non_upper_case_globals, reason = "they are written and read as variants are")]
impl<T: Send + 'static> Until<T> {
    /// All tasks have ended.
    pub const All: Self = Until { rule: Rule::All };

    /// One task has ended, in whatever way.
    pub const FirstCompleted: Self = Until { rule: Rule::FirstCompleted };

    /// One task has panicked.
    pub const FirstPanic: Self = Until { rule: Rule::Plain(is_panic) };

    /// One task has ended with an outcome that the closure accepts.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::{Until, spawn, wait};
    ///
    /// let tasks = [3, 20, 100].map(|n| spawn(async move { n }));
    /// let large = Until::first(|outcome| matches!(outcome, Ok(n) if *n > 10));
    /// assert!(wait(tasks, large).await.done.len() >= 2);
    /// # }
    /// ```
    pub fn first(accept: impl FnMut(&Result<T, TaskError>) -> bool + Send + 'static) -> Self {
        Until { rule: Rule::Closure(Box::new(accept)) }
    }

    /// Whether a task that has just ended is what was waited for.
    pub(super) fn is_met_by(&mut self, task: &mut Task<T>) -> bool {
        match &mut self.rule {
            Rule::All => false,
            Rule::FirstCompleted => true,
            Rule::Plain(accept) => task.look(accept).unwrap_or(false),
            Rule::Closure(accept) => task.look(accept).unwrap_or(false),
        }
    }
}

#[expect(non_upper_case_globals, reason = "they are written and read as variants are")]
impl<T: Send + 'static, E: Send + 'static> Until<Result<T, E>> {
    /// One task has ended with an `Err`, or has panicked. One that was cancelled does not count.
    ///
    /// There for tasks that end with a `Result`; for others there is
    /// [`FirstPanic`](Until::FirstPanic).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::{Until, spawn, wait};
    ///
    /// let bad = spawn(async { Err("no") });
    /// let good = spawn(std::future::pending::<Result<(), &str>>());
    /// let waited = wait([bad, good], Until::FirstError).await;
    /// assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    /// # }
    /// ```
    pub const FirstError: Self = Until { rule: Rule::Plain(is_failure) };
}

fn is_panic<T>(outcome: &Result<T, TaskError>) -> bool {
    outcome.as_ref().is_err_and(TaskError::is_panic)
}

fn is_failure<T, E>(outcome: &Result<Result<T, E>, TaskError>) -> bool {
    match outcome {
        Ok(value) => value.is_err(),
        Err(error) => error.is_panic(),
    }
}

impl<T> fmt::Debug for Until<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match &self.rule {
            Rule::All => "All",
            Rule::FirstCompleted => "FirstCompleted",
            Rule::Plain(_) | Rule::Closure(_) => "First",
        };
        f.debug_tuple("Until").field(&rule).finish()
    }
}
