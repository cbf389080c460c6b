//! One stream: a request, its handler and its answer.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Method, StatusCode, header};
use mainspring_task::combine::stop;
use mainspring_task::task::panic_message;
use tokio::sync::watch;

use super::answer::send;
use super::incoming::{Incoming, too_large};
use crate::error::Error;
use crate::http1::Head;

use crate::request::Request;
use crate::response::{IntoResponse, Response};
use crate::route::{Found, Reply};
use crate::server::Site;

/// What a stream needs to answer.
pub(super) struct Stream {
    pub(super) respond: SendResponse<Bytes>,
    pub(super) site: Arc<Site>,
    pub(super) peer: Option<SocketAddr>,
    /// Whether the server stops; as long as it is held, the connection's task waits.
    pub(super) stopped: watch::Receiver<bool>,
}

/// Answers a request.
pub(super) async fn handle(mut stream: Stream, request: http::Request<RecvStream>) {
    let head_only = request.method() == Method::HEAD;
    let response = match prepare(&mut stream, request) {
        Err(error) => Some(error.into_response()),
        Ok(prepared) => call(&mut stream, prepared).await,
    };
    // The client that reset the stream gets nothing.
    if let Some(response) = response {
        let Stream { respond, site, peer, stopped } = stream;
        if let Err(error) = send(respond, response, head_only, &site, stopped).await {
            tracing::debug!(?peer, %error, "the answer did not go out whole");
        }
    }
}

/// A request whose handler is found.
struct Prepared {
    request: Request,
    found: Found,
    route: String,
    cancels: bool,
}

fn prepare(stream: &mut Stream, request: http::Request<RecvStream>) -> Result<Prepared, Error> {
    let site = &stream.site;
    let (parts, body) = request.into_parts();
    check(&parts, site)?;
    let head = Head::from_parts(&parts)?;
    let found = site.routes.find(&head);
    let (_, rules) = site.routes.answerer(&found);
    let limit = rules.body_limit.unwrap_or(site.limits.body as u64);
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limit) {
        return Err(too_large());
    }
    if parts
        .headers
        .get(header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        let mut interim = http::Response::new(());
        *interim.status_mut() = StatusCode::CONTINUE;
        // A stream that is gone already shows it soon enough.
        let _gone = stream.respond.send_informational(interim);
    }
    let route = site.routes.pattern(found.params.pattern).unwrap_or_default().to_owned();
    let body = Incoming::body(body, Arc::clone(site), limit, length);
    let cancels = rules.cancel_on_disconnect.unwrap_or_else(|| head.is_safe());
    let mut request = Request::new(head, body, found.params.clone(), Arc::clone(&site.routes), stream.peer);
    *request.extensions_mut() = parts.extensions;
    Ok(Prepared { request, found, route, cancels })
}

/// The limits of a head, as for HTTP/1.1.
fn check(parts: &http::request::Parts, site: &Site) -> Result<(), Error> {
    let refuse = |status, why| Err(Error::new(status, why));
    if parts.method == Method::CONNECT {
        return refuse(StatusCode::NOT_IMPLEMENTED, "CONNECT is for proxies");
    }
    if parts.uri.path_and_query().map_or(0, |target| target.as_str().len()) > site.limits.target {
        return refuse(StatusCode::URI_TOO_LONG, "the request target is longer than the limit");
    }
    if parts.headers.len() > site.limits.headers {
        return refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are more headers than the limit");
    }
    if parts.uri.authority().is_none() && !parts.headers.contains_key(header::HOST) {
        return refuse(StatusCode::BAD_REQUEST, "the authority is missing");
    }
    Ok(())
}

/// Why the wait for the handler ended.
enum Outcome {
    Answer(Response),
    Panic,
    Reset,
    Late,
}

/// Calls the handler; `None` when the client has no more use for an answer.
async fn call(stream: &mut Stream, prepared: Prepared) -> Option<Response> {
    let Prepared { request, found, route, cancels } = prepared;
    let (peer, routes) = (stream.peer, Arc::clone(&stream.site.routes));
    let (mut request, mut reply) = (Some(request), Reply::new());
    let mut handler = Box::pin(poll_fn(move |cx| match request.take() {
        Some(request) => routes.answerer(&found).0.call(request, &mut reply, cx),
        None => reply.poll(cx),
    }));
    let limit = stream.site.timeouts.handler;
    let mut late = pin!(async move {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    });
    let outcome = poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
            Ok(Poll::Ready(response)) => return Poll::Ready(Outcome::Answer(response)),
            Ok(Poll::Pending) => {}
            Err(panic) => {
                tracing::error!(route, ?peer, panic = panic_message(&*panic), "the handler panicked");
                return Poll::Ready(Outcome::Panic);
            }
        }
        if cancels && stream.respond.poll_reset(cx).is_ready() {
            return Poll::Ready(Outcome::Reset);
        }
        late.as_mut().poll(cx).map(|()| Outcome::Late)
    })
    .await;
    match outcome {
        Outcome::Answer(response) => Some(response),
        Outcome::Panic => Some((StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()),
        Outcome::Reset => {
            stop(handler, "the client is gone").await;
            None
        }
        Outcome::Late => {
            stop(handler, "the handler took too long").await;
            Some((StatusCode::SERVICE_UNAVAILABLE, "the handler did not answer in time").into_response())
        }
    }
}
