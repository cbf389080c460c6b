use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Where a queue keeps its items; decides which is taken next.
pub(super) trait Store<T>: Send {
    fn push(&mut self, item: T);
    fn pop(&mut self) -> Option<T>;
    fn len(&self) -> usize;
}

/// The oldest first.
pub(super) struct Fifo<T>(VecDeque<T>);

impl<T> Fifo<T> {
    pub(super) fn new() -> Self {
        Fifo(VecDeque::new())
    }
}

impl<T: Send> Store<T> for Fifo<T> {
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The newest first.
pub(super) struct Lifo<T>(Vec<T>);

impl<T> Lifo<T> {
    pub(super) fn new() -> Self {
        Lifo(Vec::new())
    }
}

impl<T: Send> Store<T> for Lifo<T> {
    fn push(&mut self, item: T) {
        self.0.push(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The least first; of equals, the oldest.
pub(super) struct Priority<T> {
    heap: BinaryHeap<Reverse<Ranked<T>>>,
    puts: u64,
}

impl<T: Ord> Priority<T> {
    pub(super) fn new() -> Self {
        Priority { heap: BinaryHeap::new(), puts: 0 }
    }
}

impl<T: Ord + Send> Store<T> for Priority<T> {
    fn push(&mut self, item: T) {
        self.heap.push(Reverse(Ranked { item, put: self.puts }));
        self.puts += 1;
    }

    fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|Reverse(ranked)| ranked.item)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }
}

struct Ranked<T> {
    item: T,
    put: u64,
}

impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.item.cmp(&other.item).then(self.put.cmp(&other.put))
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Ranked<T> {}
