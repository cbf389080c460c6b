use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Context, Entrypoint, Result, Running, Service};
use tokio::net::TcpListener;

pub(crate) use crate::diary::Diary;

/// Runs until it is told to stop, and writes down how it ends.
pub(crate) struct Steady(pub(crate) Diary);

impl Service for Steady {
    fn name(&self) -> String {
        "steady".to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        cx.stopping().wait().await;
        self.0.write("steady has drained");
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.0.write("steady has stopped");
        Ok(())
    }
}

pub(crate) async fn start(service: impl Service) -> Running {
    Entrypoint::new("test").service(service).start().await.unwrap()
}

/// An address that nobody listens on.
pub(crate) async fn dead() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Bounds what goes over real sockets or processes.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}
