//! What a line of the access log tells.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use mainspring_task::context::Snapshot;
use tokio::time::Instant;

use super::access_log::AccessLog;
use super::format::write_target;
use crate::http1::Head;
use crate::middleware::attached::Watcher;
use crate::middleware::calendar;
use crate::request::Request;
use crate::response::Response;

/// One request and its answer, as [`AccessLog`] sees them.
///
/// It is written when it is dropped, whatever the end was: the answer, the last piece of it, a client that went
/// away, a panic.
#[derive(Debug)]
pub struct Access {
    log: Arc<AccessLog>,
    head: Head,
    peer: Option<SocketAddr>,
    pub(super) began: SystemTime,
    began_at: Instant,
    /// What nginx calls a client that closed its connection before the answer, until there is one.
    status: StatusCode,
    /// The handler is being polled: whoever is dropped so has panicked.
    pub(super) at_work: bool,
    bytes: u64,
    /// The values of the headers of the answer that the format asks for, in its order.
    pub(super) answered: Vec<Option<Box<[u8]>>>,
    /// The context variables of the request, once its handler has ended and they are gone.
    context: Option<Snapshot>,
}

/// The client was gone before the answer.
fn gone() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT)
}

impl Access {
    pub(super) fn begin(log: Arc<AccessLog>, request: &Request) -> Self {
        Self {
            log,
            head: request.head().clone(),
            peer: request.peer(),
            began: calendar::now(),
            began_at: Instant::now(),
            status: gone(),
            at_work: false,
            bytes: 0,
            answered: Vec::new(),
            context: None,
        }
    }

    /// Notes the answer. One in memory is told at once, a stream when it has ended.
    pub(super) fn answered(mut self, response: Response) -> Response {
        self.status = response.status();
        let wanted = self.log.answer_headers();
        self.answered = wanted.map(|name| response.value(name).map(Into::into)).collect();
        let bodiless = *self.head.method() == Method::HEAD
            || self.status == StatusCode::NO_CONTENT
            || self.status == StatusCode::NOT_MODIFIED;
        if response.body().is_stream() && !bodiless {
            self.context = Some(Snapshot::capture());
            return response.map_body(|body| crate::middleware::attached::attach(body, self));
        }
        if !bodiless {
            self.bytes = response.body().len().unwrap_or(0);
        }
        response
    }

    /// The head of the request.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The address of the client, or of the proxy in front.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The status of the answer; 499 when the client went away before there was one.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Bytes of the body that were given to the connection.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Time since the request was read.
    pub fn elapsed(&self) -> Duration {
        self.began_at.elapsed()
    }

    fn emit(&self) {
        if !self.log.wants(self) {
            return;
        }
        match self.log.line(self) {
            Some(line) => tracing::info!(target: super::access_log::TARGET, "{line}"),
            None => self.emit_fields(),
        }
    }

    fn emit_fields(&self) {
        let mut target = String::new();
        write_target(&mut target, &self.head);
        tracing::info!(
            target: super::access_log::TARGET,
            peer = self.peer.map(tracing::field::display),
            method = self.head.method().as_str(),
            target,
            status = self.status.as_u16(),
            bytes = self.bytes,
            micros = u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }
}

impl Watcher for Access {
    fn piece(&mut self, length: usize) -> Result<(), crate::Error> {
        self.bytes += length as u64;
        Ok(())
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if self.at_work {
            self.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
        match self.context.take() {
            Some(context) => context.run(|| self.emit()),
            None => self.emit(),
        }
    }
}
