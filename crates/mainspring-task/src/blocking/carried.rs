use tokio::runtime::Handle;

use crate::context::Snapshot;

/// Binds what the calling task carries to a job: the one place through which every job goes.
///
/// Called where the job is made, in the task that makes it; what it returns runs on a thread of
/// the pool. The runtime goes along, so that a job can spawn tasks and wait for futures, and so do
/// the context variables that are inherited.
pub(super) fn carried<T>(f: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() -> T + Send + 'static {
    let (runtime, context) = (Handle::try_current().ok(), Snapshot::inherit());
    move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        context.run(f)
    }
}
