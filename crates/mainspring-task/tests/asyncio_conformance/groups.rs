//! Task groups: scopes.

use std::future::pending;
use std::time::Duration;

use mainspring_task::cancel::finally;
use mainspring_task::scope::{ScopeError, scope};
use mainspring_task::time::timeout;
use mainspring_task::{Shared, current_task, spawn};
use tokio::time::{Instant, sleep};

use crate::support::{Log, cancel, secs, settle};

#[tokio::test(start_paused = true)]
async fn row_55_children_added_while_the_scope_is_ending_are_waited_for() {
    let log = Log::new();
    let pen = log.clone();
    scope(async |s| {
        let more = s.clone();
        s.spawn(async move {
            sleep(secs(1)).await;
            more.clone().spawn(async move {
                sleep(secs(1)).await;
                more.spawn(pen.later("the last"));
            });
        });
    })
    .await
    .unwrap();
    assert_eq!(log.read(), ["the last"]);
}

#[tokio::test(start_paused = true)]
async fn row_56_the_first_error_cancels_siblings_and_body_and_all_errors_are_kept() {
    let log = Log::new();
    let (body, sibling) = (log.guarded("body"), log.guarded("sibling"));
    let failed = scope(async |s| {
        s.spawn(sibling);
        s.spawn(finally(pending::<()>(), async { panic!("in cleanup") }));
        s.spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("first")
        });
        body.await;
    });
    let error = failed.await.unwrap_err();
    let texts: Vec<_> = error.errors().iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{error}");
    assert!(texts[0].ends_with("first") && texts[1].ends_with("in cleanup"), "{error}");
    assert_eq!(log.sorted(), ["body", "sibling"]);
}

#[tokio::test(start_paused = true)]
async fn row_57_an_error_of_the_body_cancels_the_children_and_is_in_the_scopes_error() {
    let log = Log::new();
    let child = log.guarded("child");
    let failed = scope(async |s| {
        s.spawn(child);
        settle().await;
        Err::<(), _>("the body")
    });
    let error = failed.await.unwrap_err();
    assert!(error.errors().len() == 1 && error.to_string().ends_with("the body"), "{error}");
    assert_eq!(log.read(), ["child"]);
}

#[tokio::test(start_paused = true)]
async fn row_58_a_cancellation_goes_through_unless_a_child_fails_meanwhile() {
    let log = Log::new();
    let child = log.guarded("child");
    let parent = spawn(scope(async |s| {
        s.spawn(child);
    }));
    assert!(cancel(parent).await.unwrap_err().is_cancelled());
    assert_eq!(log.read(), ["child"]);

    let parent = spawn(scope(async |s| {
        s.spawn(finally(pending::<()>(), async { panic!("in cleanup") }));
    }));
    let error = cancel(parent).await.unwrap().unwrap_err();
    assert!(error.errors()[0].is_panic());
}

#[tokio::test(start_paused = true)]
async fn row_59_a_child_that_is_cancelled_alone_is_no_error() {
    let ended = scope(async |s| {
        let child = s.spawn(pending::<()>());
        s.spawn(sleep(secs(1)));
        settle().await;
        child.cancel();
        assert!(child.await.unwrap_err().is_cancelled());
    });
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn row_60_a_spawn_after_a_failure_or_the_end_is_refused() {
    let kept = Shared::new(None);
    let keep = kept.clone();
    let refused = Shared::new(None);
    let seen = refused.clone();
    let failed = scope(async |s| {
        keep.set(Some(s.clone()));
        let more = s.clone();
        s.spawn(finally(pending::<()>(), async move {
            seen.set(Some(more.spawn(pending::<()>()).is_refused()));
        }));
        settle().await;
        Err::<(), _>("no")
    });
    assert!(failed.await.is_err());
    assert_eq!(refused.get(), Some(true));
    let late = kept.get().unwrap().spawn(async {});
    assert!(late.is_refused() && late.await.unwrap_err().is_refused());
}

#[tokio::test(start_paused = true)]
async fn row_61_scopes_nest() {
    let failed = scope(async |outer| {
        outer.spawn(scope(async |inner| {
            inner.spawn(async { Err::<(), _>("deep") });
        }));
    });
    let error = failed.await.unwrap_err();
    let nested = error.errors()[0].downcast_ref::<ScopeError>().unwrap();
    assert!(nested.to_string().ends_with("deep"));

    let log = Log::new();
    let (one, two) = (log.guarded("inner"), log.guarded("outer"));
    let began = Instant::now();
    let both = timeout(
        secs(1),
        scope(async |outer| {
            outer.spawn(two);
            let _ = scope(async |inner| {
                inner.spawn(one);
            })
            .await;
        }),
    );
    assert!(both.await.is_err());
    assert_eq!(log.read(), ["inner", "outer"]);
    assert_eq!(began.elapsed(), secs(1) + Duration::from_millis(20));

    let task = spawn(async {
        let failed = scope(async |s| {
            s.spawn(async { Err::<(), _>("no") });
            pending::<()>().await;
        });
        (failed.await.is_err(), current_task().unwrap().info().cancelling)
    });
    assert_eq!(task.await.unwrap(), (true, false));
}
