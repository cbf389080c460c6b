//! Models: every order in which the threads can meet, tried by loom.
//!
//! `cargo test -p mainspring-task --features __loom --lib models`

use std::future::poll_fn;
use std::panic::Location;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::thread;

use crate::cancel::{Kind, ROOT, Turn};
use crate::inspect::{Node, Position, enroll};
use crate::task::{Core, Registered, TaskError};
use crate::{TaskId, all_tasks};

fn task() -> Arc<Core<u8>> {
    Arc::new(Core::new(Node::new(Some("model".into()), None, None, Location::caller())))
}

fn cancelled(task: &Core<u8>) -> Result<u8, TaskError> {
    Err(TaskError::cancelled(task.node().label(), None))
}

fn listed(id: TaskId) -> bool {
    all_tasks().iter().any(|task| task.id() == id)
}

#[test]
fn a_request_always_wakes_the_task_that_has_no_guard() {
    loom::model(|| {
        let core = task();
        let other = Arc::clone(&core);
        let asking = thread::spawn(move || other.node().cancel.ask(None));
        let mut listens = false;
        block_on(poll_fn(|cx| {
            let cancel = &core.node().cancel;
            if !std::mem::replace(&mut listens, true) {
                cancel.listen(ROOT, cx.waker());
            }
            if cancel.turn(ROOT) == Turn::Idle { Poll::Pending } else { Poll::Ready(()) }
        }));
        asking.join().unwrap();
        assert_eq!(core.node().cancel.turn(ROOT), Turn::Due(None));
    });
}

#[test]
fn a_request_reaches_a_guard_that_is_being_entered_and_cleanup_runs_once() {
    loom::model(|| {
        let core = task();
        let other = Arc::clone(&core);
        let asking = thread::spawn(move || other.node().cancel.ask(None));
        let (mut guard, mut cleanups) = (None, 0);
        block_on(poll_fn(|cx| {
            let cancel = &core.node().cancel;
            let key = *guard.get_or_insert_with(|| {
                cancel.listen(ROOT, cx.waker());
                cancel.open(ROOT, Kind::Finally, Location::caller(), None)
            });
            cancel.listen(key, cx.waker());
            if !matches!(cancel.turn(key), Turn::Due(_)) {
                return Poll::Pending;
            }
            cancel.shelter(key);
            cleanups += 1;
            cancel.close(key);
            Poll::Ready(())
        }));
        asking.join().unwrap();
        assert_eq!(cleanups, 1);
        assert_eq!(core.node().cancel.turn(ROOT), Turn::Due(None));
        assert!(core.node().cancel.holders().is_empty());
    });
}

#[test]
fn of_two_requests_one_is_the_second_and_is_hard() {
    loom::model(|| {
        let core = task();
        let other = Arc::clone(&core);
        let asking = thread::spawn(move || other.node().cancel.ask(None));
        core.node().cancel.ask(None);
        asking.join().unwrap();
        assert!(core.node().cancel.is_hard());
    });
}

#[test]
fn the_outcome_is_given_once_whoever_asks_the_task_to_stop_meanwhile() {
    loom::model(|| {
        let core = task();
        enroll(Arc::clone(&core) as Arc<dyn Registered>);
        let (ending, asking) = (Arc::clone(&core), Arc::clone(&core));
        let ending = thread::spawn(move || ending.complete(Ok(7)));
        let asking = thread::spawn(move || asking.node().cancel.ask(None));
        let outcome = block_on(poll_fn(|cx| core.poll_join(cx.waker())));
        assert_eq!(outcome.unwrap(), 7);
        assert!(!listed(core.node().id), "the outcome was seen before the task had left the registry");
        ending.join().unwrap();
        asking.join().unwrap();
    });
}

#[test]
fn an_awaiter_that_is_asked_while_its_task_ends_is_never_left_waiting() {
    loom::model(|| {
        let (outer, inner) = (task(), task());
        let target = Arc::clone(&inner) as Arc<dyn Registered>;
        let (ending, asking) = (Arc::clone(&inner), Arc::clone(&outer));
        let ending = thread::spawn(move || {
            let outcome = cancelled(&ending);
            ending.complete(outcome);
        });
        let asking = thread::spawn(move || asking.node().cancel.ask(None));
        let key = outer.node().cancel.open(ROOT, Kind::Await, Location::caller(), Some(target));
        if !inner.set_awaiter(Some(Position { owner: Arc::clone(&outer) as _, key })) {
            outer.node().cancel.close(key);
        }
        ending.join().unwrap();
        asking.join().unwrap();
        assert_eq!(outer.node().cancel.turn(ROOT), Turn::Due(None));
    });
}

#[test]
fn the_registry_lists_what_is_enrolled_and_nothing_else() {
    loom::model(|| {
        let (first, second) = (task(), task());
        enroll(Arc::clone(&first) as Arc<dyn Registered>);
        let (leaving, coming) = (Arc::clone(&first), Arc::clone(&second));
        let leaving = thread::spawn(move || leaving.complete(Ok(1)));
        let coming = thread::spawn(move || enroll(coming as Arc<dyn Registered>));
        let seen = all_tasks().len();
        assert!(seen <= 2);
        leaving.join().unwrap();
        coming.join().unwrap();
        assert!(!listed(first.node().id) && listed(second.node().id));
        second.complete(Ok(2));
        assert!(!listed(second.node().id));
    });
}
