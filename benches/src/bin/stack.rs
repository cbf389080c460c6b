//! What middlewares cost: `plaintext` behind an access log, request ids and a time-out.
//!
//! `stack [PORT] [bare|quiet|log]`: without them; with them and no log; with them and a log to `/dev/null`.

use std::process::ExitCode;
use std::time::Duration;

use mainspring::log::{Format, Log, Output};
use mainspring::web::middleware::{AccessLog, RequestIds, Timeout};
use mainspring::web::{App, HttpServer};
use mainspring::{Entrypoint, Runtime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

async fn hello() -> &'static str {
    "Hello, World!"
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let port = args.next().unwrap_or_else(|| "8080".to_owned());
    let variant = args.next().unwrap_or_else(|| "quiet".to_owned());
    let bare = App::new().get("/", hello);
    let app = match variant.as_str() {
        "bare" => bare,
        "quiet" | "log" => bare
            .middleware(RequestIds::new())
            .middleware(AccessLog::new())
            .middleware(Timeout::new(Duration::from_secs(30))),
        _ => return ExitCode::from(2),
    };
    let server = HttpServer::bind(format!("127.0.0.1:{port}"), app);
    let mut entrypoint = Entrypoint::new("stack").runtime(Runtime::Current).workers(1).service(server);
    if variant == "log" {
        let output = Output::File("/dev/null".into());
        entrypoint = entrypoint.log(Log::new().format(Format::Plain).output(output));
    }
    entrypoint.run()
}
