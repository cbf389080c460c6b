//! Whatever is put, taken and cancelled, in whatever order: a queue loses and doubles nothing.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use mainspring_task::sync::{Queue, QueueError, Rejected, Shutdown};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Put,
    TryPut,
    Get,
    TryGet,
    /// Polls the nth future that is under way, counted around.
    PollPut(usize),
    PollGet(usize),
    /// Drops it.
    CancelPut(usize),
    CancelGet(usize),
    ShutDown,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..8_usize;
    prop_oneof![
        6 => Just(Step::Put),
        3 => Just(Step::TryPut),
        6 => Just(Step::Get),
        3 => Just(Step::TryGet),
        5 => which.clone().prop_map(Step::PollPut),
        5 => which.clone().prop_map(Step::PollGet),
        3 => which.clone().prop_map(Step::CancelPut),
        3 => which.prop_map(Step::CancelGet),
        1 => Just(Step::ShutDown),
    ]
}

type Getting = Pin<Box<dyn Future<Output = Result<u32, QueueError>>>>;
type Putting = Pin<Box<dyn Future<Output = Result<(), Rejected<u32>>>>>;

/// Drives a queue and keeps account of each number.
struct Account {
    queue: Queue<u32>,
    next: u32,
    puts: VecDeque<(u32, Putting)>,
    gets: VecDeque<Getting>,
    /// In the queue or taken from it, in the order of the puts.
    accepted: Vec<u32>,
    taken: Vec<u32>,
}

impl Account {
    fn new(queue: Queue<u32>) -> Self {
        Account {
            queue,
            next: 0,
            puts: VecDeque::new(),
            gets: VecDeque::new(),
            accepted: Vec::new(),
            taken: Vec::new(),
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Put => {
                let (number, queue) = (self.number(), self.queue.clone());
                self.puts.push_back((number, Box::pin(async move { queue.put(number).await })));
                self.poll_put(self.puts.len() - 1);
            }
            Step::TryPut => {
                let number = self.number();
                let put = self.queue.try_put(number);
                self.was_put(number, put);
            }
            Step::Get => {
                let queue = self.queue.clone();
                self.gets.push_back(Box::pin(async move { queue.get().await }));
                self.poll_get(self.gets.len() - 1);
            }
            Step::TryGet => self.taken.extend(self.queue.try_get()),
            Step::PollPut(which) => self.poll_put(which),
            Step::PollGet(which) => self.poll_get(which),
            Step::CancelPut(which) => drop(around(&self.puts, which).and_then(|at| self.puts.remove(at))),
            Step::CancelGet(which) => drop(around(&self.gets, which).and_then(|at| self.gets.remove(at))),
            Step::ShutDown => self.queue.shutdown(Shutdown::AfterDrain),
        }
    }

    fn poll_put(&mut self, which: usize) {
        let Some(at) = around(&self.puts, which) else { return };
        if let Poll::Ready(put) = poll(&mut self.puts[at].1) {
            let number = self.puts.remove(at).expect("it was just polled").0;
            self.was_put(number, put);
        }
    }

    fn poll_get(&mut self, which: usize) {
        let Some(at) = around(&self.gets, which) else { return };
        if let Poll::Ready(got) = poll(&mut self.gets[at]) {
            drop(self.gets.remove(at));
            self.taken.extend(got);
        }
    }

    fn was_put(&mut self, number: u32, put: Result<(), Rejected<u32>>) {
        match put {
            Ok(()) => self.accepted.push(number),
            Err(rejected) => assert_eq!(rejected.into_item(), number),
        }
    }

    /// Ends it all: what is under way is polled as long as that changes anything, the rest is drained.
    fn settle(mut self) -> (Vec<u32>, Vec<u32>) {
        loop {
            let before = (self.puts.len(), self.gets.len());
            (0..before.0).rev().for_each(|at| self.poll_put(at));
            (0..before.1).rev().for_each(|at| self.poll_get(at));
            if before == (self.puts.len(), self.gets.len()) {
                break;
            }
        }
        assert!(self.gets.is_empty() || self.queue.is_empty(), "a getter waits although there are items");
        let limit = self.queue.limit().unwrap_or(usize::MAX);
        assert!(
            self.puts.is_empty() || self.queue.len() == limit,
            "a putter waits although there are places"
        );
        self.puts.clear();
        self.gets.clear();
        self.taken.extend(std::iter::from_fn(|| self.queue.try_get().ok()));
        assert_eq!(self.queue.unfinished(), self.accepted.len());
        (self.accepted, self.taken)
    }
}

fn around<T>(futures: &VecDeque<T>, which: usize) -> Option<usize> {
    (!futures.is_empty()).then(|| which % futures.len())
}

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn run(queue: Queue<u32>, steps: &[Step]) -> (Vec<u32>, Vec<u32>) {
    let limit = queue.limit().unwrap_or(usize::MAX);
    let mut account = Account::new(queue);
    for step in steps {
        account.take(step);
        assert!(account.queue.len() <= limit);
    }
    account.settle()
}

fn sorted(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bounded_queue_loses_and_doubles_nothing(
        limit in 1..4_usize,
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let (accepted, taken) = run(Queue::bounded(limit), &steps);
        prop_assert_eq!(sorted(accepted), sorted(taken));
    }

    #[test]
    fn an_unbounded_queue_loses_and_doubles_nothing(steps in prop::collection::vec(step(), 0..120)) {
        let (accepted, taken) = run(Queue::unbounded(), &steps);
        prop_assert_eq!(sorted(accepted), sorted(taken));
    }

    #[test]
    fn the_other_orders_lose_and_double_nothing(
        limit in 1..4_usize,
        steps in prop::collection::vec(step(), 0..120),
    ) {
        for queue in [Queue::bounded_lifo(limit), Queue::bounded_priority(limit)] {
            let (accepted, taken) = run(queue, &steps);
            prop_assert_eq!(sorted(accepted), sorted(taken));
        }
    }

    #[test]
    fn items_leave_in_the_order_they_were_put(
        limit in 1..4_usize,
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let (accepted, taken) = run(Queue::bounded(limit), &steps);
        prop_assert_eq!(accepted, taken);
    }
}
