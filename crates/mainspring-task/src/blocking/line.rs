use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::Waker;

use super::entry::Entry;
use super::work::{Ending, Work};

/// Who runs, who is queued and who waits for a place: the state of a pool under its lock.
///
/// Jobs are numbered in the order they line up. A number moves from `waiting` to `queued` to
/// `running` and is never given twice. Nothing here runs or drops what a user wrote.
pub(super) struct Line {
    max_threads: usize,
    max_queued: usize,
    queued: BTreeMap<u64, Box<dyn Work>>,
    /// Each of these is kept here by a future that somebody awaits.
    waiting: BTreeMap<u64, Waiting>,
    pub(super) running: BTreeMap<u64, Arc<Entry>>,
    next: u64,
    /// The numbers in the names of the threads there are.
    threads: BTreeSet<usize>,
    pub(super) open: bool,
    /// All handles of the pool are gone.
    pub(super) abandoned: bool,
    pub(super) tally: Tally,
}

#[derive(Default)]
pub(super) struct Tally {
    pub(super) refused: u64,
    pub(super) completed: u64,
    pub(super) panicked: u64,
}

struct Waiting {
    work: Box<dyn Work>,
    /// Whoever waits for the place rather than for the value.
    waker: Option<Waker>,
}

/// What a new job in the queue calls for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Help {
    /// A thread that is there and runs nothing: one is woken if it waits.
    Wake,
    /// A new thread with this number.
    Hire(usize),
    /// All threads there may be are busy; the next to finish takes it.
    Nothing,
}

/// Taken out under the lock; dropped when it is released.
#[derive(Default)]
pub(super) struct Removed {
    pub(super) work: Vec<Box<dyn Work>>,
    pub(super) wakers: Vec<Waker>,
}

impl Removed {
    /// Wakes first: a closure that panics when it is dropped must not keep others asleep.
    pub(super) fn let_go(self) {
        self.wakers.into_iter().for_each(Waker::wake);
        drop(self.work);
    }
}

impl Line {
    pub(super) fn new(max_threads: usize, max_queued: usize) -> Self {
        Line {
            max_threads,
            max_queued,
            queued: BTreeMap::new(),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            next: 0,
            threads: BTreeSet::new(),
            open: true,
            abandoned: false,
            tally: Tally::default(),
        }
    }

    /// A job that an idle or a new thread is about to take needs no place in the queue, so the two
    /// bounds are added up: whether there is a place does not hang on how fast threads wake.
    pub(super) fn has_place(&self) -> bool {
        self.running.len() + self.queued.len() < self.capacity()
    }

    pub(super) fn push(&mut self, work: Box<dyn Work>) -> (u64, Help) {
        let number = self.number();
        self.queued.insert(number, work);
        (number, self.help())
    }

    pub(super) fn wait(&mut self, work: Box<dyn Work>) -> u64 {
        let number = self.number();
        self.waiting.insert(number, Waiting { work, waker: None });
        number
    }

    /// False when the job has its place, or has no need of it any more.
    pub(super) fn still_waits(&mut self, number: u64, waker: &Waker) -> bool {
        let Some(waiting) = self.waiting.get_mut(&number) else { return false };
        waiting.waker = Some(waker.clone());
        true
    }

    pub(super) fn take(&mut self) -> Option<(u64, Box<dyn Work>)> {
        let (number, work) = self.queued.pop_first()?;
        self.running.insert(number, Arc::clone(work.entry()));
        Some((number, work))
    }

    pub(super) fn finish(&mut self, number: u64, ending: Ending) -> Removed {
        self.running.remove(&number);
        match ending {
            Ending::Completed => self.tally.completed += 1,
            Ending::Panicked => self.tally.panicked += 1,
            Ending::NeverRan => {}
        }
        let mut removed = Removed::default();
        self.fill(&mut removed);
        removed
    }

    /// Nobody waits for this job any more: it is taken out, or told if it runs.
    pub(super) fn forget(&mut self, number: u64) -> Removed {
        let mut removed = Removed::default();
        if let Some(waiting) = self.waiting.remove(&number) {
            removed.work.push(waiting.work);
        } else if let Some(work) = self.queued.remove(&number) {
            removed.work.push(work);
            self.fill(&mut removed);
        } else if let Some(entry) = self.running.get(&number) {
            entry.give_up();
        }
        removed
    }

    /// No new jobs, and none that only wait for a place.
    pub(super) fn close(&mut self) -> Removed {
        self.open = false;
        let mut removed = Removed::default();
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            removed.work.push(waiting.work);
            removed.wakers.extend(waiting.waker);
        }
        removed
    }

    pub(super) fn empty_queue(&mut self) -> Removed {
        let work = std::mem::take(&mut self.queued).into_values().collect();
        let mut removed = Removed { work, wakers: Vec::new() };
        self.fill(&mut removed);
        removed
    }

    /// A thread that finds no work ends rather than waits.
    pub(super) fn is_ending(&self) -> bool {
        !self.open || self.abandoned
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.running.is_empty() && self.queued.is_empty() && self.threads.is_empty()
    }

    pub(super) fn queued(&self) -> usize {
        self.queued.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn left(&mut self, thread: usize) {
        self.threads.remove(&thread);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn capacity(&self) -> usize {
        self.max_threads.saturating_add(self.max_queued)
    }

    /// Gives free places to those who wait, the first come first. Called whenever one comes free,
    /// so somebody waits only while there is none, and a newcomer cannot overtake.
    fn fill(&mut self, removed: &mut Removed) {
        while self.running.len() + self.queued.len() < self.capacity() {
            let Some((number, waiting)) = self.waiting.pop_first() else { return };
            self.queued.insert(number, waiting.work);
            removed.wakers.extend(waiting.waker);
        }
    }

    fn help(&mut self) -> Help {
        // A thread that runs nothing looks at the queue before it waits and before it ends.
        let free = self.threads.len().saturating_sub(self.running.len());
        if self.queued.len() <= free {
            Help::Wake
        } else if self.threads.len() < self.max_threads {
            let unused = (0..).find(|number| !self.threads.contains(number));
            let number = unused.expect("there are more numbers than threads");
            self.threads.insert(number);
            Help::Hire(number)
        } else {
            Help::Nothing
        }
    }
}
