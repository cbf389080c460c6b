//! Lines and ids.

use std::io;
use std::sync::{Arc, Mutex};

use mainspring_task::context;
use mainspring_web::middleware::{AccessLog, REQUEST_ID, RequestId, RequestIds};
use mainspring_web::{App, Error};
use tracing_subscriber::fmt::MakeWriter;

use crate::site::Site;

/// What was logged on this thread, where each test has its runtime.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    pub(crate) fn collect() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .without_time()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    /// The lines of the access log.
    pub(crate) fn access(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("no panic").clone();
        let text = String::from_utf8(bytes).expect("it is text");
        let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("INFO access: "));
        lines.map(str::to_owned).collect()
    }
}

async fn meow() -> &'static str {
    "Meow."
}

#[tokio::test]
async fn a_line_has_the_form_of_aiohttp() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let site = Site::start(App::new().middleware(AccessLog::new()).get("/cat", meow)).await;
    site.get_with("/cat?a=b", &[("user-agent", "curl/8"), ("referer", "http://a/")]).await;
    let access = lines.access();
    let (time, rest) = access[0].split_once("] ").expect("it has a time");
    assert!(time.starts_with("127.0.0.1 [") && time.ends_with(" +0000"), "{time}");
    assert_eq!(rest, "\"GET /cat?a=b HTTP/1.1\" 200 5 \"http://a/\" \"curl/8\"");
    Ok(())
}

#[tokio::test]
async fn headers_of_both_sides_stand_in_a_line() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let log = AccessLog::new().format("%s %{X-In}i %{content-type}o %{x-none}o 100%%")?;
    let site = Site::start(App::new().middleware(log).get("/", meow)).await;
    site.get_with("/", &[("x-in", "a\"b")]).await;
    assert_eq!(lines.access(), ["200 a\\\"b text/plain; charset=utf-8 - 100%"]);
    Ok(())
}

#[tokio::test]
async fn an_unknown_path_is_logged_too() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let site = Site::start(App::new().middleware(AccessLog::new().format("%s %b \"%r\"")?)).await;
    site.get("/nothing").await;
    assert_eq!(lines.access(), ["404 21 \"GET /nothing HTTP/1.1\""]);
    Ok(())
}

#[tokio::test]
async fn a_panic_is_logged_with_500() -> Result<(), Error> {
    async fn fall() -> &'static str {
        panic!("the cat fell");
    }
    let (lines, _guard) = Lines::collect();
    let site = Site::start(App::new().middleware(AccessLog::new().format("%s")?).get("/", fall)).await;
    site.get("/").await;
    assert_eq!(lines.access(), ["500"]);
    Ok(())
}

#[tokio::test]
async fn paths_and_statuses_are_left_out() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let log = AccessLog::new().format("%r %s")?.skip("/health").skip("/static/*").statuses(400..);
    let site = Site::start(App::new().middleware(log).get("/", meow)).await;
    for path in ["/", "/health", "/static/cat.png", "/other"] {
        site.get(path).await;
    }
    assert_eq!(lines.access(), ["GET /other HTTP/1.1 404"]);
    Ok(())
}

#[tokio::test]
async fn a_filter_sees_the_whole_access() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let log = AccessLog::new().format("%s")?.filter(|access| access.bytes() > 5);
    let site = Site::start(App::new().middleware(log).get("/", meow)).await;
    site.get("/").await;
    site.get("/nothing").await;
    assert_eq!(lines.access(), ["404"]);
    Ok(())
}

#[tokio::test]
async fn fields_may_take_the_place_of_a_line() {
    let (lines, _guard) = Lines::collect();
    let site = Site::start(App::new().middleware(AccessLog::new().structured()).get("/", meow)).await;
    site.get("/?a").await;
    let access = lines.access();
    assert!(access[0].starts_with("request peer=127.0.0.1:"), "{access:?}");
    assert!(access[0].contains(" method=\"GET\" target=\"/?a\" status=200 bytes=5 micros="), "{access:?}");
}

#[tokio::test]
async fn an_id_is_made_and_stands_in_answer_handler_and_context() {
    let show = |id: RequestId| async move {
        let (mut logged, context) = (Vec::new(), REQUEST_ID.get());
        context::visit_logged(|name, value| logged.push(format!("{name}={value}")));
        format!("{id} {} {}", context.map(|id| id.to_string()).unwrap_or_default(), logged.join(" "))
    };
    let site = Site::start(App::new().middleware(RequestIds::new()).get("/", show)).await;
    let answer = site.get("/").await;
    let id = answer.header("x-request-id").expect("it has an id");
    assert_eq!(id.len(), 32);
    assert_eq!(answer.text(), format!("{id} {id} request_id={id}"));
    assert_ne!(site.get("/").await.header("x-request-id"), Some(id));
}

#[tokio::test]
async fn a_valid_id_of_the_client_is_taken_and_another_is_replaced() {
    let site = Site::start(App::new().middleware(RequestIds::new()).get("/", meow)).await;
    let ask = async |id: &str| {
        let answer = site.get_with("/", &[("x-request-id", id)]).await;
        answer.header("x-request-id").expect("it has an id").to_owned()
    };
    assert_eq!(ask("trace-1").await, "trace-1");
    assert_ne!(ask("a b").await, "a b");
}

#[tokio::test]
async fn own_ids_ignore_the_clients() {
    let ids = RequestIds::new().own().make(|| "made".to_owned());
    let site = Site::start(App::new().middleware(ids).get("/", meow)).await;
    let answer = site.get_with("/", &[("x-request-id", "theirs")]).await;
    assert_eq!(answer.all("x-request-id").as_deref(), Some("made"));
}

#[tokio::test]
async fn an_id_does_not_outlive_its_request() {
    let show = || async { format!("{:?}", REQUEST_ID.get()) };
    let app = App::new().get("/bare", show);
    let site = Site::start(app).await;
    assert_eq!(site.get("/bare").await.text(), "None");
}
