//! Random processes: services that start, fail, panic, hang, require each other and are started
//! again. However they end, no task and no listener stays behind.

use std::future::{Ready, pending, ready};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainspring_service::net::{Connection, TcpServer};
use mainspring_service::service::{Configure, OnFailure, Restart};
use mainspring_service::{Context, Entrypoint, Result, Service};
use mainspring_task::{TaskRef, all_tasks};
use proptest::prelude::*;
use tokio::time::sleep;

/// What a service does. Times are in milliseconds.
#[derive(Debug, Clone, Copy)]
enum Life {
    Steady,
    Brief(u64),
    FailsToStart(u64),
    PanicsInStart(u64),
    FailsLater(u64),
    PanicsLater(u64),
    NeverReady,
    /// Asks for `stopping` and does not heed it.
    Stubborn,
    FailsInStop,
    Works,
    InTheBackground,
    Listens,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    life: Life,
    provides: bool,
    requires: bool,
    restart: Restart,
    degrade: bool,
}

struct Value;

/// A handler that lets its client go.
type Ignore = fn(Connection) -> Ready<()>;

struct Planned {
    plan: Plan,
    server: Option<TcpServer<Ignore>>,
}

impl Service for Planned {
    async fn start(&mut self, cx: &Context) -> Result {
        if self.plan.provides {
            cx.provide(Value);
        }
        if self.plan.requires {
            cx.require::<Value>().await?;
        }
        let wait = |time| sleep(Duration::from_millis(time));
        match self.plan.life {
            Life::FailsToStart(time) => {
                wait(time).await;
                return Err("as planned".into());
            }
            Life::PanicsInStart(time) => {
                wait(time).await;
                panic!("as planned");
            }
            Life::NeverReady => pending().await,
            Life::Listens => return self.server.as_mut().expect("made with the plan").start(cx).await,
            _ => cx.ready(),
        }
        match self.plan.life {
            Life::Brief(time) => wait(time).await,
            Life::FailsLater(time) => {
                wait(time).await;
                return Err("as planned".into());
            }
            Life::PanicsLater(time) => {
                wait(time).await;
                panic!("as planned");
            }
            Life::Stubborn => {
                let _ = cx.stopping();
                pending::<()>().await;
            }
            Life::Works => cx.spawn(sleep(Duration::from_secs(3))).detach(),
            Life::InTheBackground => cx.background(pending::<()>()).detach(),
            _ => cx.stopping().wait().await,
        }
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        if let Life::FailsInStop = self.plan.life { Err("as planned".into()) } else { Ok(()) }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let time = 0..2_000_u64;
    let life = prop_oneof![
        4 => Just(Life::Steady),
        2 => time.clone().prop_map(Life::Brief),
        1 => time.clone().prop_map(Life::FailsToStart),
        1 => time.clone().prop_map(Life::PanicsInStart),
        2 => time.clone().prop_map(Life::FailsLater),
        2 => time.prop_map(Life::PanicsLater),
        1 => Just(Life::NeverReady),
        1 => Just(Life::Stubborn),
        1 => Just(Life::FailsInStop),
        2 => Just(Life::Works),
        2 => Just(Life::InTheBackground),
        3 => Just(Life::Listens),
    ];
    let restart = prop_oneof![Just(Restart::Never), Just(Restart::OnFailure), Just(Restart::Always)];
    (life, any::<bool>(), prop::bool::weighted(0.2), restart, any::<bool>()).prop_map(
        |(life, provides, requires, restart, degrade)| Plan { life, provides, requires, restart, degrade },
    )
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn left(prefix: &str) -> Vec<TaskRef> {
    all_tasks()
        .into_iter()
        .filter(|task| task.service().is_some_and(|name| name.starts_with(prefix)))
        .collect()
}

/// Runs a process for a while, and gives the addresses it listened on.
async fn live(prefix: &str, plans: &[Plan], time: u64, drop_it: bool) -> Vec<SocketAddr> {
    let mut entrypoint = Entrypoint::new("test").shutdown_grace(Duration::from_secs(5));
    for (index, plan) in plans.iter().enumerate() {
        let server = TcpServer::bind("127.0.0.1:0", (|_| ready(())) as Ignore);
        let service =
            Named { name: format!("{prefix}{index}"), inner: Planned { plan: *plan, server: Some(server) } };
        let on_failure = if plan.degrade { OnFailure::Degrade } else { OnFailure::Shutdown };
        entrypoint = entrypoint.service(service.restart(plan.restart).on_failure(on_failure));
    }
    let Ok(mut running) = entrypoint.start().await else { return Vec::new() };
    let addresses = running.overview().list().into_iter().flat_map(|service| service.addresses);
    let addresses = addresses.filter_map(|address| address.ip()).collect();
    let _ = tokio::time::timeout(Duration::from_millis(time), running.failed()).await;
    if !drop_it {
        let _ = running.stop().await;
    }
    addresses
}

struct Named {
    name: String,
    inner: Planned,
}

impl Service for Named {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        self.inner.start(cx).await
    }

    async fn stop(&mut self, cx: &Context) -> Result {
        self.inner.stop(cx).await
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_task_and_no_listener_stays_behind(
        plans in prop::collection::vec(plan(), 1..6),
        time in 0..4_000_u64,
        drop_it in prop::bool::weighted(0.1),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        let prefix = format!("life-{}-", NEXT.fetch_add(1, Ordering::Relaxed));
        let (addresses, left) = runtime.block_on(async {
            let addresses = live(&prefix, &plans, time, drop_it).await;
            // What was dropped ends at its next poll.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let left: Vec<_> = left(&prefix).iter().map(|task| task.info().to_string()).collect();
            (addresses, left)
        });
        prop_assert!(left.is_empty(), "left behind: {left:?}");
        for address in addresses {
            prop_assert!(TcpListener::bind(address).is_ok(), "{address} is still taken");
        }
    }
}
