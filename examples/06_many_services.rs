//! One process runs many services: HTTP, TCP, UDP, periodic work, and one of your own.
//!
//! Run it with `cargo run --example 06_many_services`, and talk to it from another terminal:
//!
//! ```sh
//! echo tick | nc -u -w1 127.0.0.1 3000
//! curl http://127.0.0.1:8080/visits
//! curl http://127.0.0.1:8080/tasks
//! nc 127.0.0.1 8888
//! ```
//!
//! Every door counts a visit; `/tasks` names every task and its age. When a service does not start, say
//! because its port is taken, the others are stopped and the process ends with an error that names it.
//! At Ctrl-C the ports close, and the last line tells how many visits there were.

use std::io;

use mainspring::prelude::*;
use tokio::io::AsyncWriteExt;

type Visits = Shared<u64>;

async fn tcp(visits: Visits, mut client: Connection) -> io::Result<()> {
    visits.update(|visits| *visits += 1);
    client.write_all(format!("{} visits\n", visits.get()).as_bytes()).await
}

async fn udp(visits: Visits, datagram: Datagram) {
    visits.update(|visits| *visits += 1);
    tracing::info!(peer = %datagram.peer, "a datagram");
}

async fn http(State(visits): State<Visits>) -> String {
    visits.update(|visits| *visits += 1);
    format!("{} visits\n", visits.get())
}

async fn tasks() -> String {
    let line = |task: mainspring::TaskRef| format!("{} {:?}\n", task.name(), task.info().age);
    all_tasks().into_iter().map(line).collect()
}

async fn report(visits: Visits) {
    tracing::info!(visits = visits.get(), "so far");
}

/// Tells of the first visit and is done: a service need not run to the end. It never asks whether the
/// process stops, so it is dropped where it waits when nobody comes.
struct First(Visits);

impl Service for First {
    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        self.0.until(|visits| *visits > 0).await;
        tracing::info!("somebody is here");
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        tracing::info!("{} visits in all", self.0.get());
        Ok(())
    }
}

#[mainspring::main]
fn main() -> Entrypoint {
    let visits = Visits::new(0);
    let (reported, counted, printed) = (visits.clone(), visits.clone(), visits.clone());
    let app = App::new().state(visits.clone()).get("/visits", http).get("/tasks", tasks);
    Entrypoint::new("many")
        .service(Periodic::every(Duration::from_secs(10), move || report(reported.clone())).name("report"))
        .service(TcpServer::bind("127.0.0.1:8888", move |client| tcp(counted.clone(), client)))
        .service(UdpServer::bind("127.0.0.1:3000", move |datagram| udp(printed.clone(), datagram)))
        .service(HttpServer::bind("127.0.0.1:8080", app))
        .service(First(visits))
}
