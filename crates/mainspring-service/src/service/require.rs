//! Waiting for what other services provide.

use std::any::{TypeId, type_name};
use std::panic::Location;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::services::{Board, Key, Need, Provided, Services};
use crate::{BoxError, Result};

impl Services {
    pub(super) fn provide<T: Send + Sync + 'static>(&self, by: usize, name: Option<&str>, value: T) {
        let key = Key { kind: TypeId::of::<T>(), name: name.map(Into::into) };
        self.board().provided.insert(key, Provided { value: Arc::new(value), by });
        self.changed().notify_waiters();
    }

    /// Waits until somebody provides the value.
    pub(super) async fn require<T: Send + Sync + 'static>(
        &self,
        service: usize,
        name: Option<&str>,
        place: &'static Location<'static>,
    ) -> Result<Arc<T>> {
        let key = Key { kind: TypeId::of::<T>(), name: name.map(Into::into) };
        let what = match name {
            None => format!("`{}`", type_name::<T>()),
            Some(name) => format!("`{}` named `{name}`", type_name::<T>()),
        };
        let find = |board: &mut Board| {
            let provided = board.provided.get(&key)?;
            let (value, by) = (Arc::clone(&provided.value), provided.by);
            board.need(service, by);
            value.downcast::<T>().ok()
        };
        self.wait(service, Need { what, place: Some(place) }, find).await
    }

    /// Waits until the named service is ready.
    pub(crate) async fn wait_ready(&self, service: usize, other: &str) -> Result {
        let Some(index) = self.find(other) else {
            let names = self.names();
            return Err(format!(
                "it is to start after `{other}`, and there is no such service; there are {names}"
            )
            .into());
        };
        self.board().need(service, index);
        let need = Need { what: format!("service `{other}`"), place: None };
        let ready = |_: &mut Board| self.listing(index).status.borrow().is_ready().then_some(());
        self.wait(service, need, ready).await
    }

    async fn wait<T>(
        &self,
        service: usize,
        need: Need,
        mut find: impl FnMut(&mut Board) -> Option<T>,
    ) -> Result<T> {
        let waiting = Waiting { services: self, service, need };
        let deadline = Instant::now() + self.patience();
        self.board().waiting.push((service, waiting.need.clone()));
        // Who waits may be the last who could have provided: the others must look.
        self.changed().notify_waiters();
        loop {
            let changed = self.changed().notified();
            {
                let mut board = self.board();
                if let Some(found) = find(&mut board) {
                    return Ok(found);
                }
                if self.is_alone(service, &board) {
                    return Err(waiting.complaint(&board, "nobody is left who could provide it"));
                }
                self.suspect(&mut board);
            }
            if timeout_at(deadline, changed).await.is_err() {
                let patience = format!("it did not come within {:?}", self.patience());
                return Err(waiting.complaint(&self.board(), &patience));
            }
        }
    }

    /// Everybody else has ended, with all tasks: nothing will change any more.
    fn is_alone(&self, service: usize, board: &Board) -> bool {
        (0..self.len()).all(|index| (index == service || board.ended.contains(&index)) && self.is_idle(index))
    }

    /// Tells once that all who are left wait, maybe for each other.
    ///
    /// That alone is no reason to give up: one of them may have a time-out of its own and go on without.
    fn suspect(&self, board: &mut Board) {
        let waits = |index: usize| board.waiting.iter().any(|(service, _)| *service == index);
        let stuck =
            (0..self.len()).all(|index| waits(index) || board.ended.contains(&index) && self.is_idle(index));
        if stuck && !board.suspected {
            let waiting: Vec<_> = board.waiting.iter().map(|waiting| self.waits_for(waiting)).collect();
            tracing::warn!(
                within = ?self.patience(),
                "all services that are left wait, and nobody else could provide: {}",
                waiting.join("; ")
            );
        }
        board.suspected = stuck;
    }

    fn waits_for(&self, (service, need): &(usize, Need)) -> String {
        format!("`{}` waits for {need}", self.listing(*service).name)
    }
}

/// A service that waits; taken off the board when it no longer does.
struct Waiting<'a> {
    services: &'a Services,
    service: usize,
    need: Need,
}

impl Waiting<'_> {
    /// Says who waits for what, and who could still have helped.
    fn complaint(&self, board: &Board, why: &str) -> BoxError {
        let mut text = format!("it waits for {}, and {why}", self.need);
        let others = board.waiting.iter().filter(|(service, _)| *service != self.service);
        let waiting: Vec<_> = others.map(|waiting| self.services.waits_for(waiting)).collect();
        let starting: Vec<_> = (0..self.services.len())
            .filter(|index| !board.ended.contains(index) && *index != self.service)
            .filter(|index| !board.waiting.iter().any(|(waiting, _)| waiting == index))
            .map(|index| format!("`{}`", self.services.listing(index).name))
            .collect();
        if !waiting.is_empty() {
            text += &format!("; {}", waiting.join("; "));
        }
        if !starting.is_empty() {
            text += &format!("; {} could still have provided it", starting.join(", "));
        }
        text.into()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut board = self.services.board();
        let at =
            board.waiting.iter().position(|(service, need)| *service == self.service && *need == self.need);
        if let Some(at) = at {
            board.waiting.swap_remove(at);
        }
    }
}
