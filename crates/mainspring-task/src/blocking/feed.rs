use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::PoolError;

/// What a stream and the jobs that advance its iterator share, whatever the iterator.
pub(super) trait Feed<T>: Send + Sync {
    /// Takes the next item; if there is none, the waker is kept until there is.
    fn pop(&self, waker: &Waker) -> Popped<T>;

    /// Advances the iterator until the buffer is full. Runs on a thread of the pool.
    fn burst(&self);

    /// Ends the stream: after an error, or because the reader is gone. Gives what has to be
    /// dropped on a thread of the pool.
    fn end(&self, error: Option<PoolError>) -> Option<Tidy>;
}

/// Drops an iterator.
pub(super) type Tidy = Box<dyn FnOnce() + Send>;

pub(super) struct Popped<T> {
    pub(super) item: Option<Result<T, PoolError>>,
    /// A job is to be started that advances the iterator. Said once.
    pub(super) hungry: bool,
    /// There is nothing, and there will be nothing.
    pub(super) ended: bool,
}

pub(super) struct Source<M, I: Iterator> {
    limit: usize,
    /// Under the lock nothing that a user wrote runs or is dropped.
    state: Mutex<State<M, I>>,
}

struct State<M, I: Iterator> {
    buffer: VecDeque<Result<I::Item, PoolError>>,
    producer: Producer<M, I>,
    /// A job is on its way to the producer.
    called: bool,
    reader: Option<Waker>,
    /// Nobody will read any more.
    closed: bool,
}

enum Producer<M, I> {
    New(M),
    /// Waits for room in the buffer, on no thread.
    Resting(I),
    /// A job has it.
    Busy,
    Gone,
}

impl<M, I> Feed<I::Item> for Source<M, I>
where
    M: FnOnce() -> I + Send + 'static,
    I: Iterator + Send + 'static,
    I::Item: Send,
{
    fn pop(&self, waker: &Waker) -> Popped<I::Item> {
        let mut state = self.lock();
        let item = state.buffer.pop_front();
        let rests = matches!(state.producer, Producer::New(_) | Producer::Resting(_));
        let hungry = rests && !state.called && state.buffer.len() <= self.limit / 2;
        state.called |= hungry;
        if item.is_none() {
            state.reader = Some(waker.clone());
        }
        let ended = item.is_none() && matches!(state.producer, Producer::Gone);
        Popped { item, hungry, ended }
    }

    fn burst(&self) {
        let mut iterator = match self.fetch() {
            Producer::New(make) => make(),
            Producer::Resting(iterator) => iterator,
            Producer::Busy | Producer::Gone => return,
        };
        while let Some(item) = iterator.next() {
            match self.push(item, iterator) {
                Some(goes_on) => iterator = goes_on,
                None => return,
            }
        }
        // Before the reader sees the end, which may release what the iterator borrows from.
        drop(iterator);
        let mut state = self.lock();
        state.producer = Producer::Gone;
        wake(state);
    }

    fn end(&self, error: Option<PoolError>) -> Option<Tidy> {
        let mut state = self.lock();
        let producer = state.exchange(Producer::Gone);
        state.closed = true;
        state.buffer.extend(error.map(Err));
        drop(state);
        match producer {
            Producer::Resting(iterator) => Some(Box::new(move || drop(iterator))),
            // A closure that never ran, or an iterator that its job drops.
            Producer::New(_) | Producer::Busy | Producer::Gone => None,
        }
    }
}

impl<M, I: Iterator> Source<M, I> {
    pub(super) fn new(make: M, limit: usize) -> Arc<Self> {
        let (buffer, producer) = (VecDeque::new(), Producer::New(make));
        let state = State { buffer, producer, called: false, reader: None, closed: false };
        Arc::new(Source { limit, state: Mutex::new(state) })
    }

    fn fetch(&self) -> Producer<M, I> {
        let mut state = self.lock();
        state.called = false;
        let next = if state.closed { Producer::Gone } else { Producer::Busy };
        state.exchange(next)
    }

    /// Hands an item to the reader. Gives the iterator back if it is to go on at once.
    fn push(&self, item: I::Item, iterator: I) -> Option<I> {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return None;
        }
        state.buffer.push_back(Ok(item));
        let mut goes_on = Some(iterator);
        if state.buffer.len() >= self.limit {
            state.producer = goes_on.take().map_or(Producer::Gone, Producer::Resting);
        }
        wake(state);
        goes_on
    }

    fn lock(&self) -> MutexGuard<'_, State<M, I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M, I: Iterator> State<M, I> {
    fn exchange(&mut self, next: Producer<M, I>) -> Producer<M, I> {
        std::mem::replace(&mut self.producer, next)
    }
}

/// Wakes the reader once the lock is released.
fn wake<M, I: Iterator>(mut state: MutexGuard<'_, State<M, I>>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}
