//! What a service manager such as systemd is told; nothing when there is none.

use std::time::Duration;

use mainspring_task::inspect::longest_current_poll;
use mainspring_task::task;
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

/// Tells the states; without a `NOTIFY_SOCKET` nobody listens, and nothing happens.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

pub(crate) fn starting(services: usize) {
    tell(&[NotifyState::Status(&format!("starting {services} services"))]);
}

/// The process is ready: from here on the watchdog beats, if the manager wants one.
pub(crate) fn ready(services: usize) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("running {services} services"))]);
    if let Some(limit) = sd_notify::watchdog_enabled() {
        task::Builder::new().name("watchdog beat").spawn(beat(limit)).detach();
    }
}

/// Another process is the one to watch from here on.
pub(crate) fn replaced_by(pid: u32) {
    tell(&[NotifyState::MainPid(pid)]);
}

pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

pub(crate) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// Beats twice in the time the manager allows, but only while every runtime thread turns its loop: a
/// poll that has been under way for as long keeps its thread from everything else.
async fn beat(limit: Duration) {
    let period = limit / 2;
    let mut beats = interval(period.max(Duration::from_millis(1)));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let held = longest_current_poll();
        if held < period {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(?held, "no watchdog beat: a thread of the runtime is stuck in a poll");
        }
    }
}
