//! Context variables: who inherits them, who sees a change, and what log lines carry.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainspring_task::context::visit_logged;
use mainspring_task::{Shared, context_var, spawn, threaded};
use tokio::task::yield_now;

context_var! {
    static USER: String;
    static ATTEMPT: u32, local;
    static REQUEST: u64, logged;
    static QUIET: u64;
}

fn user(name: &str) -> Option<String> {
    USER.set(name.to_owned())
}

#[tokio::test]
async fn a_child_has_the_values_of_the_moment_it_is_spawned() {
    user("ada");
    let child = spawn(async { USER.get() });
    user("bob");
    assert_eq!(child.await.unwrap().as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_change_in_the_child_is_invisible_to_the_parent() {
    user("ada");
    spawn(async { user("eve") }).await.unwrap();
    assert_eq!(USER.get().as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_change_in_the_parent_is_invisible_to_the_child() {
    user("ada");
    let child = spawn(async {
        yield_now().await;
        USER.get()
    });
    yield_now().await;
    user("bob");
    assert_eq!(child.await.unwrap().as_deref(), Some("ada"));
}

#[tokio::test]
async fn tasks_that_take_turns_keep_their_own_values() {
    let tasks: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            spawn(async move {
                user(name);
                for _ in 0..3 {
                    yield_now().await;
                    assert_eq!(USER.get().as_deref(), Some(name));
                }
            })
        })
        .into();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(USER.get(), None);
}

#[tokio::test]
async fn a_local_variable_is_not_inherited() {
    ATTEMPT.set(3);
    assert_eq!(spawn(async { ATTEMPT.get() }).await.unwrap(), None);
    assert_eq!(ATTEMPT.get(), Some(3));
}

#[tokio::test]
async fn an_awaited_future_shares_the_values() {
    async { user("inner") }.await;
    assert_eq!(USER.get().as_deref(), Some("inner"));
}

#[tokio::test]
async fn a_scope_puts_the_old_value_back() {
    user("ada");
    let inner = USER.scope("eve".to_owned(), async {
        yield_now().await;
        let seen = USER.get();
        user("mallory");
        seen
    });
    assert_eq!(inner.await.as_deref(), Some("eve"));
    assert_eq!(USER.get().as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_scope_is_not_seen_between_its_polls() {
    let scoped = USER.scope("eve".to_owned(), yield_now());
    let (_, seen) = tokio::join!(scoped, async { USER.get() });
    assert_eq!(seen, None);
}

#[tokio::test]
async fn set_and_unset_give_the_old_value_back() {
    assert_eq!(user("ada"), None);
    assert_eq!(user("bob").as_deref(), Some("ada"));
    assert_eq!(USER.unset().as_deref(), Some("bob"));
    assert_eq!(USER.unset(), None);
}

#[tokio::test]
async fn a_callback_has_the_values_of_the_moment_it_was_registered() {
    let seen = Shared::new(None);
    let cell = seen.clone();
    let task = spawn(yield_now());
    user("ada");
    task.on_end(move |_| cell.set(USER.get()));
    user("bob");
    task.await.unwrap();
    assert_eq!(seen.get().as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_blocking_job_has_the_inherited_values() {
    user("ada");
    ATTEMPT.set(3);
    let job = threaded(|| (USER.get(), ATTEMPT.get()));
    user("bob");
    assert_eq!(job.await.unwrap(), (Some("ada".to_owned()), None));
}

#[tokio::test]
async fn log_lines_are_shown_the_chosen_variables_only() {
    REQUEST.set(7);
    QUIET.set(8);
    let mut shown = Vec::new();
    visit_logged(|name, value| shown.push(format!("{name}={value}")));
    assert_eq!(shown, ["request=7"]);
}

/// Tells that its last copy has gone.
#[derive(Clone)]
struct Told {
    _last: Arc<Last>,
}

struct Last(Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_set_outside_of_tasks_goes_with_its_thread() {
    context_var! { static TOLD: Told; }
    let told = Arc::new(AtomicBool::new(false));
    let tells = told.clone();
    let thread = std::thread::spawn(move || {
        TOLD.set(Told { _last: Arc::new(Last(tells)) });
    });
    thread.join().unwrap();
    assert!(told.load(Ordering::Relaxed), "it is still there");
}

#[tokio::test]
async fn a_runtime_inside_a_task_gives_the_outer_task_its_own_back() {
    user("ada");
    let outer = spawn(async {
        let (task, name) = (mainspring_task::current_task().unwrap().id(), USER.get());
        let inner = threaded(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            user("eve");
            let seen = runtime.block_on(async { spawn(async { user("bob") }).await.unwrap() });
            (seen, USER.get(), mainspring_task::current_task().unwrap().id())
        });
        let (seen, after, job) = inner.await.unwrap();
        assert_eq!((seen.as_deref(), after.as_deref()), (Some("eve"), Some("eve")));
        assert_ne!(job, task);
        assert_eq!((mainspring_task::current_task().unwrap().id(), USER.get()), (task, name));
    });
    outer.await.unwrap();
}
