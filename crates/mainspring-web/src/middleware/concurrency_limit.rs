//! A limit on the requests at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::attached::{Watcher, attach};
use super::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Bounds the number of requests that are at work at once, and sheds what is too much with 503.
///
/// A request above the limit waits for a place in a short queue, in order of arrival. When the queue is full, or
/// the wait is over, it is answered 503 with `retry-after`. A request keeps its place until its handler has
/// answered, and until the end of an answer that is streamed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::App;
/// use mainspring_web::middleware::ConcurrencyLimit;
///
/// let limit = ConcurrencyLimit::new(64).queue(128, Duration::from_millis(200));
/// assert!(App::new().middleware(limit).get("/", || async { "Meow." }).build().is_ok());
/// ```
#[derive(Debug)]
pub struct ConcurrencyLimit {
    places: Arc<Semaphore>,
    queue: usize,
    wait: Duration,
    retry_after: Duration,
    waiting: AtomicUsize,
}

impl ConcurrencyLimit {
    /// Makes one for `limit` requests, with a queue of the same length and a wait of half a second.
    pub fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(limit)),
            queue: limit,
            wait: Duration::from_millis(500),
            retry_after: Duration::from_secs(1),
            waiting: AtomicUsize::new(0),
        }
    }

    /// How many may wait, and how long. A length of 0 sheds at once.
    #[must_use]
    pub fn queue(mut self, length: usize, wait: Duration) -> Self {
        self.queue = length;
        self.wait = wait;
        self
    }

    /// When clients shall come back; 1 s by default.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = pause;
        self
    }

    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        let ticket = Ticket::take(&self.waiting, self.queue)?;
        let place = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await;
        drop(ticket);
        place.ok()?.ok()
    }
}

/// A place in the queue.
struct Ticket<'a>(&'a AtomicUsize);

impl<'a> Ticket<'a> {
    fn take(waiting: &'a AtomicUsize, bound: usize) -> Option<Self> {
        let enter = |waiting: usize| (waiting < bound).then_some(waiting + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).ok().map(|_| Self(waiting))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Middleware for ConcurrencyLimit {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let Some(place) = self.place().await else {
            let mut response =
                (StatusCode::SERVICE_UNAVAILABLE, "too many requests are at work").into_response();
            response.set("retry-after", self.retry_after.as_secs().to_string().as_bytes());
            return response;
        };
        let response = next.run(request).await;
        if response.body().is_stream() {
            return response.map_body(|body| attach(body, Place(Some(place))));
        }
        response
    }
}

/// Kept until the end of a stream.
struct Place(Option<OwnedSemaphorePermit>);

impl Watcher for Place {
    fn end(&mut self) {
        self.0 = None;
    }
}
