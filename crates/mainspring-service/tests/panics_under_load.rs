//! A service that panics again and again beside one that works.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::panic;
use std::time::Duration;

use mainspring_service::net::TcpServer;
use mainspring_service::service::{Backoff, Configure, Restart};
use mainspring_service::{Context, Entrypoint, Runtime, Services, service};
use mainspring_task::{Shared, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

const CLIENTS: u32 = 8;
const MESSAGES: u32 = 20_000;
/// The load goes on until the service has been started again this often.
const RESTARTS: u32 = 50;
/// The bound of the whole. Far more than it needs.
const PATIENCE: Duration = Duration::from_secs(120);
const WORDS: &str = "as it pleases";

/// Sends back what comes.
async fn echo(mut client: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match client.read(&mut buffer).await? {
            0 => return Ok(()),
            length => client.write_all(&buffer[..length]).await?,
        }
    }
}

/// Waits for its cue, then runs for up to 2 ms and panics, each time.
async fn panicking(cx: Context, cue: Shared<bool>) {
    cx.ready();
    cue.until(|cue| *cue).await;
    sleep(Duration::from_micros(fastrand::u64(..2_000))).await;
    panic!("{WORDS}");
}

fn restarts(services: &Services) -> u32 {
    services.list().iter().find(|info| &*info.name == "panicking").unwrap().restarts
}

/// Exchanges so many messages, and more until there were enough restarts; gives what each took.
async fn exchange(
    client: u32,
    address: SocketAddr,
    messages: u32,
    enough: impl Fn() -> bool,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut took = Vec::new();
    for number in 0_u32.. {
        if number >= messages && enough() {
            break;
        }
        let message = [client.to_be_bytes(), number.to_be_bytes()];
        let message = message.as_flattened();
        let (began, mut answer) = (Instant::now(), [0; 8]);
        stream.write_all(message).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        took.push(began.elapsed());
        assert_eq!(answer, message);
    }
    took
}

/// What the messages of all clients took, the shortest first.
async fn load(services: &Services, messages: u32, least: u32) -> Vec<Duration> {
    let address = services.list().iter().find_map(|info| info.addresses.first()?.ip()).unwrap();
    let client = |client| {
        let services = services.clone();
        spawn(exchange(client, address, messages / CLIENTS, move || restarts(&services) >= least))
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let mut took = Vec::new();
    for client in clients {
        took.extend(timeout(PATIENCE, client).await.unwrap().unwrap());
    }
    took.sort_unstable();
    took
}

fn share(took: &[Duration], percent: usize) -> Duration {
    took[took.len() * percent / 100]
}

/// The panics that are wanted are not worth a line each; all others are shown.
fn hush() {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(WORDS) {
            show(info);
        }
    }));
}

#[test]
fn a_service_that_panics_at_random_costs_the_others_nothing() {
    hush();
    let backoff = Backoff {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        limit: u32::MAX,
        ..Backoff::default()
    };
    let (known, cue) = (Shared::new(None), Shared::new(false));
    let (tell, wait) = (known.clone(), cue.clone());
    let unsteady = service("panicking", move |cx: Context| panicking(cx, wait.clone()));
    let unsteady = unsteady.restart(Restart::OnFailure).backoff(backoff);
    let finder = service("finder", move |cx: Context| {
        let tell = tell.clone();
        async move { tell.update(|known| *known = Some(cx.services().clone())) }
    });
    let both = async move {
        let services = known.get().unwrap();
        let calm = load(&services, MESSAGES / 4, 0).await;
        cue.update(|cue| *cue = true);
        let stormy = load(&services, MESSAGES, RESTARTS).await;
        (calm, stormy, restarts(&services))
    };
    let entrypoint = Entrypoint::new("test").runtime(Runtime::Shared).workers(2).service(unsteady);
    let entrypoint = entrypoint.service(TcpServer::bind("127.0.0.1:0", echo)).service(finder);
    let (calm, stormy, restarts) = entrypoint.run_until(both).unwrap();

    assert!(stormy.len() >= MESSAGES as usize, "{} messages", stormy.len());
    assert!(restarts >= RESTARTS, "{restarts} restarts");
    let (p50, p99, calm) = (share(&stormy, 50), share(&stormy, 99), share(&calm, 99));
    println!("{} messages, {restarts} restarts, p50 {p50:?}, p99 {p99:?}, calm p99 {calm:?}", stormy.len());
    // Generous: a machine that is busy with other things must not fail it, a service that waits for the
    // restart of another must.
    let bound = Duration::from_millis(50).max(p50 * 20).max(calm * 5);
    assert!(p99 <= bound, "p50 {p50:?}, p99 {p99:?}, calm p99 {calm:?}");
}
