//! A waker that records who keeps it.
//!
//! Whatever a task waits for keeps a clone of the waker it was polled with. So a poll with a waker
//! whose `clone` records the stack shows every place at which the task waits, down to the innermost
//! future. What `clone` hands out is a clone of the real waker: nothing of the recording stays behind,
//! and the poll is one more spurious poll, which every future must bear.
//!
//! A [`Tracer`] lives on the stack of [`with_tracer`], and so does the one waker that points to it.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

/// The addresses of the code from a leaf up to the task's body, the innermost first.
pub(super) type Addresses = Vec<usize>;

/// Different stacks kept of one task, and frames of one stack.
const STACKS: usize = 64;
const FRAMES: usize = 200;

/// The stacks recorded in one poll. Wakers are shared between threads, so it is too.
#[derive(Default)]
struct Collector {
    stacks: Mutex<Vec<(Addresses, usize)>>,
}

struct Tracer {
    real: Waker,
    collector: Arc<Collector>,
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_nothing);

thread_local! {
    /// This thread is in [`trace`].
    static TRACING: Cell<bool> = const { Cell::new(false) };
    static COLLECTOR: RefCell<Option<Arc<Collector>>> = const { RefCell::new(None) };
}

/// Polls with a waker that records who keeps it; gives the stacks, each with how often it came.
pub(super) fn trace(cx: &Context<'_>, poll: &mut dyn FnMut(&mut Context<'_>)) -> Vec<(Addresses, usize)> {
    struct Restore(Option<Arc<Collector>>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            COLLECTOR.set(self.0.take());
            TRACING.set(self.1);
        }
    }
    let collector = Arc::new(Collector::default());
    let restore = Restore(COLLECTOR.replace(Some(Arc::clone(&collector))), TRACING.replace(true));
    with_tracer(real(cx.waker()), &collector, |cx| bottom(&mut || poll(cx)));
    drop(restore);
    std::mem::take(&mut *collector.stacks.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Where the recorded stacks end.
#[inline(never)]
fn bottom(poll: &mut dyn FnMut()) {
    poll();
    // Keeps the call above from becoming a jump, which leaves no frame.
    std::hint::black_box(());
}

/// Polls inside of a traced poll, where a collection of futures has put a waker of its own between:
/// that one is replaced too. To be used by every future of ours that polls another.
#[inline]
pub(crate) fn follow<R>(cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    match collector_for(cx.waker()) {
        None => poll(cx),
        Some(collector) => with_tracer(cx.waker(), &collector, poll),
    }
}

#[inline]
fn collector_for(waker: &Waker) -> Option<Arc<Collector>> {
    if !TRACING.get() || tracer(waker).is_some() {
        return None;
    }
    COLLECTOR.with_borrow(Option::clone)
}

/// The waker behind the one that records; the same one when it does not. For what is kept by the guards
/// themselves, which is not what the task waits for.
#[inline]
pub(crate) fn real(waker: &Waker) -> &Waker {
    if TRACING.get() { tracer(waker).map_or(waker, |tracer| &tracer.real) } else { waker }
}

fn tracer(waker: &Waker) -> Option<&Tracer> {
    let ours = std::ptr::eq(waker.vtable(), &VTABLE);
    // SAFETY: `with_tracer` alone makes wakers with this table, and their data is a `Tracer` that lives
    // longer than the waker, so at least as long as this borrow of it.
    ours.then(|| unsafe { &*waker.data().cast::<Tracer>() })
}

fn with_tracer<R>(real: &Waker, collector: &Arc<Collector>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    let tracer = Tracer { real: real.clone(), collector: Arc::clone(collector) };
    // SAFETY: the table keeps the contract: `clone` gives a real waker of the same task, the wakes wake
    // it, and `Tracer` is Send and Sync. The data outlives the waker: `tracer` is declared before it, so
    // dropped after it, also when `poll` panics; and `poll` must work for any lifetime, so it cannot let
    // a borrow of the waker out. Owned wakers come from `clone` only.
    let waker = unsafe { Waker::new((&raw const tracer).cast(), &VTABLE) };
    poll(&mut Context::from_waker(&waker))
}

/// # Safety
///
/// As all functions of the table: `data` is that of a waker made by [`with_tracer`] and still alive.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: see above.
    let tracer = unsafe { &*data.cast::<Tracer>() };
    tracer.collector.record();
    // The clone's count goes over to the waker that is made of these parts.
    let real = ManuallyDrop::new(tracer.real.clone());
    RawWaker::new(real.data(), real.vtable())
}

/// # Safety
///
/// See [`clone`].
unsafe fn wake(data: *const ()) {
    // SAFETY: the same contract. The waker owns nothing, so to consume it is to borrow it.
    unsafe { wake_by_ref(data) };
}

/// # Safety
///
/// See [`clone`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: see `clone`.
    let tracer = unsafe { &*data.cast::<Tracer>() };
    tracer.collector.record();
    tracer.real.wake_by_ref();
}

/// The waker owns nothing: the tracer is dropped by its owner.
unsafe fn drop_nothing(_: *const ()) {}

impl Collector {
    fn record(&self) {
        let addresses = addresses();
        let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = stacks.iter_mut().find(|(known, _)| *known == addresses) {
            *count += 1;
        } else if stacks.len() < STACKS {
            stacks.push((addresses, 1));
        }
    }
}

fn addresses() -> Addresses {
    let end = bottom as *const () as usize;
    let mut addresses = Vec::with_capacity(48);
    backtrace::trace(|frame| {
        addresses.push(frame.ip() as usize);
        frame.symbol_address() as usize != end && addresses.len() < FRAMES
    });
    addresses
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn traced(count: &Arc<Count>, mut poll: impl FnMut(&mut Context<'_>)) -> usize {
        let waker = Waker::from(Arc::clone(count));
        trace(&Context::from_waker(&waker), &mut poll).iter().map(|(_, count)| count).sum()
    }

    #[test]
    fn a_clone_is_the_real_waker_and_outlives_the_trace() {
        let (count, mut kept) = (Arc::new(Count::default()), None);
        let clones = traced(&count, |cx| kept = Some(cx.waker().clone()));
        let kept = kept.unwrap();
        assert!(!std::ptr::eq(kept.vtable(), &VTABLE));
        assert_eq!((clones, Arc::strong_count(&count)), (1, 2));
        kept.wake();
        assert_eq!((count.0.load(SeqCst), Arc::strong_count(&count)), (1, 1));
    }

    #[test]
    fn waking_goes_through_and_is_recorded() {
        let count = Arc::new(Count::default());
        assert_eq!(traced(&count, |cx| cx.waker().wake_by_ref()), 1);
        assert_eq!(count.0.load(SeqCst), 1);
    }

    #[test]
    fn nobody_who_keeps_nothing_is_recorded() {
        assert_eq!(traced(&Arc::new(Count::default()), |_| {}), 0);
    }

    #[test]
    fn clones_made_by_other_threads_are_recorded() {
        let count = Arc::new(Count::default());
        let recorded = traced(&count, |cx| {
            let waker = cx.waker();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| drop(waker.clone()));
                }
            });
        });
        assert_eq!(recorded, 4);
    }

    #[test]
    fn a_waker_put_between_is_followed() {
        let (outer, inner) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let between = Waker::from(Arc::clone(&inner));
        let mut kept = None;
        let recorded = traced(&outer, |_| {
            follow(&mut Context::from_waker(&between), |cx| kept = Some(cx.waker().clone()));
        });
        assert_eq!(recorded, 1);
        assert!(kept.unwrap().will_wake(&between));
    }

    #[test]
    fn outside_of_a_trace_nothing_is_put_between() {
        let waker = Waker::noop();
        follow(&mut Context::from_waker(waker), |cx| assert!(std::ptr::eq(cx.waker(), waker)));
    }

    #[test]
    fn a_panic_ends_the_trace() {
        let count = Arc::new(Count::default());
        let poll = || traced(&count, |_| panic!("on purpose"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)).unwrap_err();
        assert!(!TRACING.get());
        assert_eq!(Arc::strong_count(&count), 1);
    }

    #[test]
    fn the_real_waker_is_found_behind_the_tracer() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        trace(&Context::from_waker(&waker), &mut |cx| assert!(real(cx.waker()).will_wake(&waker)));
        assert!(std::ptr::eq(real(&waker), &waker));
    }
}
