//! The showcase: a dollar rate over TCP and HTTP, refreshed in the background, and a UDP printer.
//!
//! Run it with `cargo xtask demo`; `--help` lists what can be set.

mod pages;
mod rate;
mod settings;

use clap::Parser;
use mainspring::prelude::*;

use rate::Rate;
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[mainspring::main]
fn main() -> Entrypoint {
    let settings = Settings::parse();
    let rate = Shared::new(Rate::first());
    let (refreshed, told) = (rate.clone(), rate.clone());
    Entrypoint::new("demo")
        .service(Periodic::every(settings.refresh, move || rate::refresh(refreshed.clone())).name("refresh"))
        .service(TcpServer::bind(&settings.tcp, move |client| rate::tell(told.clone(), client)))
        .service(HttpServer::bind(&settings.http, pages::app(rate)))
        .service(UdpServer::bind(&settings.udp, print))
}

async fn print(datagram: Datagram) {
    let text = String::from_utf8_lossy(&datagram.data);
    // A line break would let the peer write lines of the log.
    let text = text.trim_end().replace(char::is_control, "\u{fffd}");
    tracing::info!("{} -> {text}", datagram.peer);
}
