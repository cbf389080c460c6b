use std::fmt;

use mainspring_task::TaskError;

/// Why a job has no result.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_service::process::WorkerPool;
///
/// let pool = WorkerPool::builder(1).max_frame(1024).build();
/// let error = pool.run::<_, u32>("hash", &vec![0; 2000]).await.unwrap_err();
/// assert!(error.is_too_large());
/// assert_eq!(error.job(), "hash");
/// # }
/// ```
pub struct JobError {
    job: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The job returned an error.
    Failed(String),
    Panicked(String),
    /// The worker has no job of that name; the text lists those it has.
    Unknown(String),
    /// The worker cannot read the arguments.
    Arguments(String),
    /// The worker cannot write the result, or we cannot read it.
    Value(String),
    TooLarge {
        what: &'static str,
        size: u64,
        limit: u64,
    },
    Lost {
        worker: String,
        why: String,
    },
    NotStarted(String),
    Full {
        limit: usize,
    },
    Stopped,
    /// The task that waited for the job, which is not known, has come to nothing.
    Task(String),
}

impl JobError {
    pub(super) fn new(job: &str, kind: Kind) -> Self {
        JobError { job: job.to_owned(), kind }
    }

    /// The name of the job; empty when a task around it is to blame ([`is_task`](JobError::is_task)).
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The job has run and returned an error.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.kind, Kind::Failed(_))
    }

    /// The job has panicked; its worker lives.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.kind, Kind::Panicked(_))
    }

    /// The worker died while it ran the job. How far the job came is not known.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.kind, Kind::Lost { .. })
    }

    /// The workers know no job of that name.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown(_))
    }

    /// Arguments or result do not become `MessagePack`, or are not what the other side takes.
    #[must_use]
    pub fn is_encoding(&self) -> bool {
        matches!(self.kind, Kind::Arguments(_) | Kind::Value(_))
    }

    /// Arguments or result are larger than a frame may be.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.kind, Kind::TooLarge { .. })
    }

    /// The queue is full, and the pool refuses then.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full { .. })
    }

    /// The pool has stopped; the job was not begun, or its worker was ended with the pool.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self.kind, Kind::Stopped)
    }

    /// No worker could be started for the job; it was not begun.
    #[must_use]
    pub fn is_not_started(&self) -> bool {
        matches!(self.kind, Kind::NotStarted(_))
    }

    /// The task in which a combinator such as [`gather`](mainspring_task::gather) ran the future was
    /// cancelled, or panicked.
    #[must_use]
    pub fn is_task(&self) -> bool {
        matches!(self.kind, Kind::Task(_))
    }

    /// What the job said, when it returned an error or panicked.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.kind {
            Kind::Failed(message) | Kind::Panicked(message) => Some(message),
            _ => None,
        }
    }
}

impl From<TaskError> for JobError {
    fn from(error: TaskError) -> Self {
        JobError::new("", Kind::Task(error.to_string()))
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = &self.job;
        match &self.kind {
            Kind::Failed(message) => write!(f, "job `{job}` failed: {message}"),
            Kind::Panicked(message) => write!(f, "job `{job}` panicked: {message}"),
            Kind::Unknown(known) => write!(f, "there is no job `{job}`; the workers know {known}"),
            Kind::Arguments(why) => write!(f, "job `{job}` cannot be given these arguments: {why}"),
            Kind::Value(why) => write!(f, "the result of job `{job}` cannot be passed on: {why}"),
            Kind::TooLarge { what, size, limit } => {
                write!(f, "the {what} of job `{job}` take {size} bytes; a frame may have {limit}")
            }
            Kind::Lost { worker, why } => write!(f, "job `{job}` was lost with its worker `{worker}`: {why}"),
            Kind::NotStarted(why) => write!(f, "job `{job}` has no worker: {why}"),
            Kind::Full { limit } => write!(f, "job `{job}` was refused: {limit} jobs wait already"),
            Kind::Task(why) => f.write_str(why),
            Kind::Stopped => write!(f, "job `{job}` has no worker: the pool has stopped"),
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobError({self})")
    }
}

impl std::error::Error for JobError {}
