//! The middleware.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use http::StatusCode;
use tokio::time::Instant;

use super::key::{Keys, Source};
use super::store::{RuntimeClock, Store};
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

type Limiter = RateLimiter<u128, Store, RuntimeClock, StateInformationMiddleware>;

/// Bounds how often each client may ask, and answers 429 with `retry-after` to what is too much.
///
/// Each key has a bucket of tokens: [`burst`](Self::burst) fit in, a request takes one, and they come back evenly
/// at the rate. A key is the address of the client (for IPv6 its /64 network), a header, or what a closure makes
/// of the request. Behind a proxy, the address is the proxy's unless [`TrustProxies`] stands before it.
///
/// Memory is bounded: of at most 100,000 keys ([`max_keys`](Self::max_keys)) the state is kept, 16 bytes each, and
/// keys whose bucket is full again are forgotten. Should there be more, the new ones share a few buckets.
///
/// Every answer says what is left in the headers `ratelimit-policy` and `ratelimit` of
/// draft-ietf-httpapi-ratelimit-headers-10.
///
/// [`TrustProxies`]: crate::middleware::TrustProxies
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::RateLimit;
///
/// let limit = RateLimit::per_minute(60).burst(10).by_header("x-api-key");
/// assert!(App::new().middleware(limit).get("/", || async { "Meow." }).build().is_ok());
/// ```
pub struct RateLimit {
    count: u32,
    period: Duration,
    burst: u32,
    max_keys: usize,
    keys: Keys,
    /// Made when the first request comes, so that its clock is the runtime's.
    limiter: OnceLock<Option<Limiter>>,
}

impl RateLimit {
    /// `count` requests in each `period`; none at all when either is zero.
    pub fn new(count: u32, period: Duration) -> Self {
        Self {
            count,
            period,
            burst: count,
            max_keys: 100_000,
            keys: Keys::new(Source::Peer),
            limiter: OnceLock::new(),
        }
    }

    /// `count` requests in each second.
    pub fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// `count` requests in each minute.
    pub fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_mins(1))
    }

    /// How many requests may come at once, after a pause; as many as the rate by default.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Counts by a header of the request; those without it share one key.
    #[must_use]
    pub fn by_header(mut self, name: impl Into<String>) -> Self {
        self.keys = Keys::new(Source::Header(name.into()));
        self
    }

    /// Counts by what a closure makes of the request; one that gives `None` is not limited.
    #[must_use]
    pub fn by(mut self, key: impl Fn(&Request) -> Option<String> + Send + Sync + 'static) -> Self {
        self.keys = Keys::new(Source::Closure(Box::new(key)));
        self
    }

    /// Of how many keys the state is kept.
    #[must_use]
    pub fn max_keys(mut self, count: usize) -> Self {
        self.max_keys = count;
        self
    }

    fn limiter(&self) -> Option<&Limiter> {
        let make = || {
            let every = self.period.checked_div(self.count)?;
            let quota = Quota::with_period(every)?.allow_burst(NonZeroU32::new(self.burst)?);
            let clock = RuntimeClock(Instant::now());
            let store = Store::new(self.max_keys, clock);
            Some(Limiter::new(quota, store, clock))
        };
        self.limiter.get_or_init(make).as_ref()
    }

    /// How many requests are left, or how long to wait for the next.
    fn check(&self, key: u128) -> Result<u32, Duration> {
        let Some(limiter) = self.limiter() else { return Err(self.period) };
        match limiter.check_key(&key) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(refused) => Err(refused.wait_time_from(limiter.clock().now())),
        }
    }

    fn label(&self, response: &mut Response, left: u32, wait: Duration) {
        let policy = format!("\"default\";q={};w={}", self.burst, whole_seconds(self.window()));
        response.set("ratelimit-policy", policy.as_bytes());
        response.set("ratelimit", format!("\"default\";r={left};t={}", whole_seconds(wait)).as_bytes());
    }

    /// The time in which an empty bucket fills.
    fn window(&self) -> Duration {
        self.period.checked_div(self.count).unwrap_or(self.period).saturating_mul(self.burst)
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl Middleware for RateLimit {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let Some(key) = self.keys.of(&request) else { return next.run(request).await };
        match self.check(key) {
            Ok(left) => {
                let mut response = next.run(request).await;
                let full_in = self.window().saturating_mul(self.burst.saturating_sub(left));
                self.label(&mut response, left, full_in.checked_div(self.burst).unwrap_or_default());
                response
            }
            Err(wait) => {
                let mut response = (StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
                response.set("retry-after", whole_seconds(wait).max(1).to_string().as_bytes());
                self.label(&mut response, 0, wait);
                response
            }
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("count", &self.count)
            .field("period", &self.period)
            .field("burst", &self.burst)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_tokens_come_back_evenly() {
        let limit = RateLimit::per_second(2).burst(3);
        let left: Vec<_> = (0..3).map(|_| limit.check(1)).collect();
        assert_eq!(left, [Ok(2), Ok(1), Ok(0)]);
        assert_eq!(limit.check(1), Err(Duration::from_millis(500)));
        assert_eq!(limit.check(2), Ok(2));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(limit.check(1), Ok(0));
        assert!(limit.check(1).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_keys_takes_no_memory_and_spares_those_that_are_known() {
        let limit = RateLimit::per_minute(10).max_keys(160);
        assert_eq!(limit.check(7), Ok(9));
        for key in 1_000..100_000 {
            let _refused_or_not = limit.check(key);
        }
        assert_eq!(limit.check(7), Ok(8));
        let store = |limit: RateLimit| limit.limiter.into_inner().flatten().map(Limiter::into_state_store);
        assert!(store(limit).is_some_and(|store| store.len() <= 160));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_whose_bucket_is_full_again_make_room() {
        let limit = RateLimit::per_second(10).max_keys(16);
        for key in 0..1_000 {
            let _refused_or_not = limit.check(key);
        }
        assert!(limit.check(5_000).is_err(), "all buckets that new keys share are empty");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(limit.check(5_000), Ok(9));
    }

    #[tokio::test]
    async fn a_rate_of_zero_refuses_everything() {
        assert!(RateLimit::per_second(0).check(1).is_err());
        assert!(RateLimit::new(1, Duration::ZERO).check(1).is_err());
        assert!(RateLimit::per_second(1).burst(0).check(1).is_err());
    }
}
