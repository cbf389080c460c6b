//! The showcase: a dollar rate over TCP and HTTP, refreshed in the background, and a UDP printer.
//!
//! Run it with `cargo xtask demo`; `--help` lists what can be set, and `--print-config`
//! writes it as a file, `demo.toml`. After a change of its `log`, SIGHUP puts it in force.

mod chat;
mod events;
mod pages;
mod rate;
mod settings;

use mainspring::config::{self, Loader};
use mainspring::prelude::*;

use rate::Rate;
use settings::Settings;

const ABOUT: &str = "A dollar rate over TCP and HTTP, and a UDP printer, in one process.";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[mainspring::main]
fn main() -> Result<Entrypoint, config::Error> {
    let live = Loader::new("demo").about(ABOUT).live::<Settings>()?;
    let settings = live.settings().get();
    let rate = Shared::new(Rate::first());
    let (refreshed, told) = (rate.clone(), rate.clone());
    Ok(Entrypoint::new("demo")
        .settings(&live)
        .log_filter(&live, |settings| settings.log.to_string())
        .service(
            Periodic::every(settings.refresh.0, move || rate::refresh(refreshed.clone())).name("refresh"),
        )
        .service(TcpServer::bind(&settings.tcp, move |client| rate::tell(told.clone(), client)))
        .service(HttpServer::bind(&settings.http, pages::app(rate)))
        .service(UdpServer::bind(&settings.udp, print)))
}

async fn print(datagram: Datagram) {
    let text = String::from_utf8_lossy(&datagram.data);
    // A line break would let the peer write lines of the log.
    let text = text.trim_end().replace(char::is_control, "\u{fffd}");
    tracing::info!("{} -> {text}", datagram.peer);
}
