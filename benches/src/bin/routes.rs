//! What a large table of routes costs: instructions per request with 10 and with 1,000 routes.
//!
//! `routes` runs itself under callgrind, with few and with many requests; the difference of the totals divided by
//! the difference of the requests is the figure. `routes ROUTES REQUESTS PATH` is the measured half: the app as a
//! tower service, so that no socket is in the way.

use std::io::{self, Write};
use std::process::{Command, ExitCode};

use http::Request;
use mainspring::web::interop::AppService;
use mainspring::web::{App, Body, Path};
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REQUESTS: [u64; 2] = [1_000, 11_000];
const TABLES: [usize; 2] = [10, 1_000];
/// Every table has these; `plain` is found in the map, the others in the tree.
const LOADS: [(&str, &str); 3] =
    [("plain", "/api/items7"), ("parameter", "/api/items7/42"), ("typed", "/api/items7/by-number/42")];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ran = match args.as_slice() {
        [routes, requests, path] => serve(routes, requests, path),
        _ => measure(),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "routes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> io::Result<()> {
    for (name, path) in LOADS {
        let mut figures = Vec::new();
        for routes in TABLES {
            let [few, many] = REQUESTS;
            figures.push((total(routes, many, path)? - total(routes, few, path)?) / (many - few));
        }
        let [small, large] = figures[..] else { continue };
        let percent = (large as f64 / small as f64 - 1.0) * 100.0;
        writeln!(io::stdout(), "{name}\t{small}\t{large}\t{percent:+.1} %")?;
    }
    Ok(())
}

/// All instructions of a run.
fn total(routes: usize, requests: u64, path: &str) -> io::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([&routes.to_string(), &requests.to_string(), path])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let total = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    total.filter(|_| output.status.success()).ok_or_else(|| io::Error::other(format!("no total:\n{text}")))
}

fn serve(routes: &str, requests: &str, path: &str) -> io::Result<()> {
    let count: usize = routes.parse().map_err(io::Error::other)?;
    let requests: u64 = requests.parse().map_err(io::Error::other)?;
    let mut app = App::new();
    for number in 0..count {
        app = match number % 3 {
            _ if number == 7 => app
                .get("/api/items7", async || "all")
                .get("/api/items7/{id}", async |Path(id): Path<String>| id)
                .get("/api/items7/by-number/{id:uint}", async |Path(id): Path<String>| id),
            0 => app.get(format!("/api/items{number}"), async || "all"),
            1 => app.get(format!("/api/items{number}/{{id}}"), async |Path(id): Path<String>| id),
            _ => app
                .get(format!("/api/items{number}/by-number/{{id:uint}}"), async |Path(id): Path<String>| id),
        };
    }
    let mut service = AppService::new(&app).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        for _ in 0..requests {
            let request = Request::get(path).body(Body::empty()).map_err(io::Error::other)?;
            let Ok(response) = service.call(request).await;
            if !response.status().is_success() {
                return Err(io::Error::other(format!("{path} gives {}", response.status())));
            }
        }
        Ok(())
    })
}
