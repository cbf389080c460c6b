use std::time::Duration;

use mainspring_task::cancel::{grace, rescued};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Running;
use super::hooks::Moment;
use super::running::Member;
use crate::Error;

/// What cleanup that is cut off has beyond its own grace before it is given up.
const LAST: Duration = Duration::from_secs(1);

/// Where a service is on its way down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It works for those that need it.
    Up,
    /// It takes no new work; what is under way goes on.
    Draining,
    /// Its `stop` runs.
    Stopping,
    Down,
}

impl Running {
    /// Stops the services; see [the module](crate::entrypoint) for the order of things.
    ///
    /// # Errors
    ///
    /// When work had to be cut off at the end of the grace ([`is_drain`](Error::is_drain)), or a
    /// service failed on its way out ([`is_service`](Error::is_service)). All are stopped anyway.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropping it ends the services at once.
    pub async fn stop(mut self) -> Result<(), Error> {
        let began = Instant::now();
        // What fails is in the log, here and below; the end goes on.
        let _ = self.hooks.run(Moment::BeforeStop).await;
        if !self.bounds.pre_stop.is_zero() {
            tracing::info!(delay = ?self.bounds.pre_stop, "not ready any more; waiting before the stop");
            self.services.close();
            sleep(self.bounds.pre_stop).await;
        }
        let stopped = self.bring_down().await;
        let _ = self.hooks.run(Moment::AfterStop).await;
        tracing::info!(name = self.name, took = ?began.elapsed(), "stopped");
        stopped
    }

    /// A service did not start: the others are cut off or stopped, and nothing is left behind.
    pub(super) async fn abandon(mut self) -> Result<(), Error> {
        for (index, member) in self.members.iter().enumerate() {
            if !self.order.contains(&index) {
                member.orders.cut();
            }
        }
        self.bring_down().await
    }

    /// Drains and stops the services, each before those it has needed; gives the first error.
    async fn bring_down(&mut self) -> Result<(), Error> {
        self.services.close();
        let deadline = Instant::now() + self.bounds.grace;
        tracing::info!(grace = ?self.bounds.grace, "stop accepting; draining");
        // What is required from here on is not waited for: its provider could wait for who requires it.
        let needed = self.services.needed();
        let stages = vec![Stage::Up; self.members.len()];
        let mut down =
            Down { order: self.stop_order(&needed), needed, stages, failed: Ok(()), patience: Patience::All };
        if timeout_at(deadline - self.bounds.grace / 2, self.descend(&mut down)).await.is_err() {
            self.look_ahead(&down).await;
        }
        if timeout_at(deadline, self.descend(&mut down)).await.is_err() {
            let late = self.cut_off(&down).await;
            keep(&mut down.failed, Err(Error::drain(late)));
            // What is cancelled has the grace of its task to clean up; one that never yields has no longer.
            down.patience = Patience::Tasks;
            let mut late = timeout(grace() + LAST, self.descend(&mut down)).await;
            if late.is_err() {
                down.patience = Patience::Nothing;
                late = timeout(LAST, self.descend(&mut down)).await;
            }
            if late.is_err() {
                let names = self.names(|index| down.stages[index] != Stage::Down);
                tracing::error!(services = names.join(", "), "dropping what did not stop");
            }
        }
        if timeout(grace() + LAST, rescued()).await.is_err() {
            tracing::error!("dropping cleanups that did not end");
        }
        down.failed
    }

    /// The order of the ends: who needed others before those, else the last one ready first.
    fn stop_order(&self, needed: &[(usize, usize)]) -> Vec<usize> {
        let mut left: Vec<usize> =
            (0..self.members.len()).filter(|index| !self.order.contains(index)).collect();
        left.reverse();
        left.splice(0..0, self.order.iter().rev().copied());
        let mut order = Vec::new();
        while !left.is_empty() {
            let is_needed = |index: usize| {
                needed.iter().any(|&(who, whom)| whom == index && who != index && left.contains(&who))
            };
            // In a cycle everybody is needed: then the last one ready it is.
            let at = left.iter().position(|&index| !is_needed(index)).unwrap_or(0);
            order.push(left.remove(at));
        }
        order
    }

    async fn descend(&mut self, down: &mut Down) {
        loop {
            // One that is down may free another.
            while self.step(down) {}
            if down.stages.iter().all(|stage| *stage == Stage::Down) {
                return;
            }
            if let Err(error) = self.next_event().await {
                keep(&mut down.failed, Err(error));
            }
        }
    }

    /// Moves every service as far down as it can go now; true when one has moved.
    fn step(&mut self, down: &mut Down) -> bool {
        let before = down.stages.clone();
        let patience = down.patience;
        let ordered = patience != Patience::Nothing;
        let works = |member: &Member| match patience {
            Patience::All => !member.cx.is_idle(),
            Patience::Tasks => member.cx.has_tasks(),
            Patience::Nothing => false,
        };
        for (stage, member) in down.stages.iter_mut().zip(&self.members) {
            if member.stopped && !works(member) {
                *stage = Stage::Down;
            }
        }
        // The ends come when nobody drains any more: till then each may be of use to the others.
        let is_busy = |member: &Member| ordered && (!member.ended || works(member));
        let mut busy = (0..self.members.len())
            .any(|index| down.stages[index] == Stage::Draining && is_busy(&self.members[index]));
        let mut all_before_down = true;
        for &index in &down.order {
            let member = &self.members[index];
            if down.stages[index] == Stage::Up {
                let holds = |&(who, whom): &(usize, usize)| {
                    whom == index && who != index && down.stages[who] != Stage::Down
                };
                if !ordered || !down.needed.iter().any(holds) {
                    member.cx.begin_stop(self.handover);
                    if !member.cx.drains() {
                        member.orders.cut();
                    }
                    down.stages[index] = Stage::Draining;
                    busy |= is_busy(member);
                }
            }
        }
        for &index in &down.order {
            let member = &self.members[index];
            if down.stages[index] == Stage::Draining && !busy && (all_before_down || !ordered) {
                let was_up = self.order.contains(&index);
                down.stages[index] = if was_up { Stage::Stopping } else { Stage::Down };
                if was_up {
                    member.orders.stop();
                }
            }
            all_before_down &= down.stages[index] == Stage::Down;
        }
        down.stages != before
    }

    fn names(&self, which: impl Fn(usize) -> bool) -> Vec<&str> {
        self.members
            .iter()
            .enumerate()
            .filter(|(index, _)| which(*index))
            .map(|(_, member)| &*member.name)
            .collect()
    }
}

/// What the end of a service waits for: less when time is up, so that what is stuck keeps no other from its `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// All work, and the services before it.
    All,
    /// The cleanup of tasks, and the services before it: a guard cannot be told to clean up.
    Tasks,
    Nothing,
}

/// How far down the services are.
pub(super) struct Down {
    order: Vec<usize>,
    /// Who has needed whom.
    needed: Vec<(usize, usize)>,
    patience: Patience,
    pub(super) stages: Vec<Stage>,
    failed: Result<(), Error>,
}

/// Keeps the first error; later ones are logged so that none is lost.
fn keep(kept: &mut Result<(), Error>, next: Result<(), Error>) {
    match (&kept, next) {
        (Ok(()), next) => *kept = next,
        (Err(_), Err(error)) => tracing::error!("{error}"),
        (Err(_), Ok(())) => {}
    }
}
