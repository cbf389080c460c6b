use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainspring_service::{BoxError, Entrypoint};
use mainspring_task::Shared;
use mainspring_web::{App, HttpServer, State, States};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::server::{Server, bounded};

type Log = Shared<Vec<String>>;

fn write(log: &Log, line: impl Into<String>) {
    log.update(|log| log.push(line.into()));
}

/// An app whose hooks write down when they run.
fn written(log: &Log, name: &'static str) -> App {
    let pen = || log.clone();
    let (start, one, two, shutdown, cleanup) = (pen(), pen(), pen(), pen(), pen());
    let context = move |log: Log, number: u8| {
        move |_: States| {
            let log = log.clone();
            async move {
                write(&log, format!("{name}: enter {number}"));
                Ok(((), async move { write(&log, format!("{name}: leave {number}")) }))
            }
        }
    };
    App::new()
        .on_startup(move |_| {
            write(&start, format!("{name}: startup"));
            async { Ok(()) }
        })
        .cleanup_ctx(context(one, 1))
        .cleanup_ctx(context(two, 2))
        .on_shutdown(move |_| {
            write(&shutdown, format!("{name}: shutdown"));
            async {}
        })
        .on_cleanup(move |_| {
            write(&cleanup, format!("{name}: cleanup"));
            async {}
        })
}

const STARTED: [&str; 6] = [
    "outer: enter 1",
    "outer: enter 2",
    "outer: startup",
    "inner: enter 1",
    "inner: enter 2",
    "inner: startup",
];
const CLEANED: [&str; 6] = [
    "inner: leave 2",
    "inner: leave 1",
    "inner: cleanup",
    "outer: leave 2",
    "outer: leave 1",
    "outer: cleanup",
];

#[tokio::test]
async fn hooks_run_in_order_and_those_of_nested_apps_within() {
    bounded(async {
        let log = Log::new(Vec::new());
        let server = Server::start(written(&log, "outer").nest("/in", written(&log, "inner"))).await;
        assert_eq!(log.get(), STARTED);
        server.stop().await.expect("nothing fails");
        let ended = ["outer: shutdown", "inner: shutdown"].into_iter().chain(CLEANED).collect::<Vec<_>>();
        assert_eq!(log.get()[6..], ended);
    })
    .await;
}

#[tokio::test]
async fn the_shutdown_hook_runs_with_the_port_closed_and_the_cleanup_after_the_last_request() {
    bounded(async {
        let log = Log::new(Vec::new());
        let (entered, released, shut) =
            (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (log, entered, released) = (log.clone(), Arc::clone(&entered), Arc::clone(&released));
            move || {
                let (log, entered, released) = (log.clone(), Arc::clone(&entered), Arc::clone(&released));
                async move {
                    entered.notify_one();
                    released.notified().await;
                    write(&log, "answered");
                    "done"
                }
            }
        };
        let shutting = Arc::clone(&shut);
        let app = written(&log, "app").get("/", slow).on_shutdown(move |_| {
            shutting.notify_one();
            async {}
        });
        let server = Server::start(app).await;
        let address = server.address;
        let client = mainspring_task::spawn(async move { ask(address).await });
        entered.notified().await;
        let stop = mainspring_task::spawn(server.stop());
        shut.notified().await;
        assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
        assert!(!log.get().contains(&"answered".to_owned()), "the request is still at work");
        released.notify_one();
        assert!(client.await.expect("it does not fall").ends_with("done"));
        stop.await.expect("it does not fall").expect("nothing fails");
        let ended = ["app: shutdown", "answered", "app: leave 2", "app: leave 1", "app: cleanup"];
        assert_eq!(log.get()[3..], ended);
    })
    .await;
}

async fn ask(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is whole");
    answer
}

#[tokio::test]
async fn what_the_startup_gives_is_a_state_of_handlers_and_hooks() {
    bounded(async {
        #[derive(Clone)]
        struct Pool(String);
        let said = Log::new(Vec::new());
        let pen = said.clone();
        let inner = App::new()
            .on_startup(async |states: States| Ok(states.require::<Pool>()?.0.len()))
            .get("/", async |State(Pool(text)): State<Pool>, State(length): State<usize>| {
                format!("{text} {length}")
            });
        let app = App::new()
            .state("cats")
            .cleanup_ctx(async |states: States| {
                Ok((Pool(format!("pool of {}", states.require::<&str>()?)), async {}))
            })
            .on_cleanup(move |states: States| {
                write(&pen, states.find::<Pool>().map_or("nothing", |pool| &pool.0));
                async {}
            })
            .nest("/in", inner);
        let server = Server::start(app).await;
        assert_eq!(server.get("/in").await.body, "pool of cats 12");
        server.stop().await.expect("nothing fails");
        assert_eq!(said.get(), ["pool of cats"]);
    })
    .await;
}

#[test]
fn a_state_that_only_the_startup_of_another_app_gives_is_missing_at_build() {
    let giving = App::new().on_startup(async |_: States| Ok(7_u32));
    let app = App::new().nest("/a", giving).get("/", async |State(_): State<u32>| {});
    assert!(app.build().expect_err("it is the nested app's").is_missing_state());
}

#[tokio::test]
async fn a_start_that_fails_undoes_what_was_entered() {
    bounded(async {
        let log = Log::new(Vec::new());
        let failing =
            written(&log, "inner").on_startup(async |_: States| Err::<(), _>(BoxError::from("no database")));
        let app = written(&log, "outer").nest("/in", failing).nest("/never", written(&log, "never"));
        let server = HttpServer::bind("127.0.0.1:0", app);
        let error = Entrypoint::new("test").service(server).start().await.expect_err("it cannot start");
        let text = error.to_string();
        assert!(
            text.contains("no database") && text.contains("on_startup") && text.contains("life.rs:"),
            "{text}"
        );
        let wanted: Vec<&str> = STARTED.into_iter().chain(CLEANED).collect();
        assert_eq!(log.get(), wanted);
    })
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_undoes_the_startup() {
    bounded(async {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = taken.local_addr().expect("it is bound");
        let log = Log::new(Vec::new());
        let app = written(&log, "outer").nest("/in", written(&log, "inner"));
        let started = Entrypoint::new("test").service(HttpServer::bind(address, app)).start().await;
        assert!(started.is_err());
        assert_eq!(log.get()[6..], CLEANED);
    })
    .await;
}

#[tokio::test]
async fn a_start_that_is_cancelled_undoes_what_was_entered() {
    bounded(async {
        let log = Log::new(Vec::new());
        let app = written(&log, "app").on_startup(async |_: States| {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        });
        let fail = mainspring_service::service("fails", |_: mainspring_service::Context| async {
            tokio::task::yield_now().await;
            Err::<(), _>("on purpose")
        });
        let entrypoint = Entrypoint::new("test").service(HttpServer::bind("127.0.0.1:0", app)).service(fail);
        assert!(entrypoint.start().await.is_err());
        let log = log.get();
        assert!(
            log.ends_with(&["app: leave 2".into(), "app: leave 1".into(), "app: cleanup".into()]),
            "{log:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_failing_or_panicking_cleanup_stops_no_other_and_all_are_told() {
    bounded(async {
        let log = Log::new(Vec::new());
        let app = written(&log, "app")
            .cleanup_ctx(async |_: States| Ok(((), async { Err::<(), _>("the first end") })))
            .on_cleanup(async |_: States| -> Result<(), &'static str> { panic!("the second end") })
            .on_shutdown(async |_: States| Err::<(), _>("the shutdown"));
        let server = Server::start(app).await;
        let text = server.stop().await.expect_err("it was no clean end").to_string();
        assert!(text.contains("the shutdown"), "{text}");
        assert!(log.get().ends_with(&["app: leave 2".into(), "app: leave 1".into(), "app: cleanup".into()]));
    })
    .await;
}

#[tokio::test]
async fn several_errors_of_the_cleanup_are_told_together() {
    let app = App::new()
        .cleanup_ctx(async |_: States| Ok(((), async { Err::<(), _>("one") })))
        .on_cleanup(async |_: States| Err::<(), _>("two"))
        .on_cleanup(async |_: States| -> () { panic!("three") });
    let service = mainspring_web::interop::AppService::start(&app).await.expect("it starts");
    let text = service.cleanup().await.expect_err("three fail").to_string();
    for part in ["one", "two", "three", "cleanup_ctx", "on_cleanup", "life.rs:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    service.cleanup().await.expect("the second time there is nothing to do");
}
