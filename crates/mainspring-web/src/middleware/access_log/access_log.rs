//! The middleware.

use std::fmt;
use std::future::Future;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tracing::Level;

use super::access::Access;
use super::format::Format;
use crate::error::Error;
use crate::middleware::around::Around;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::Response;
use crate::route::Reply;

/// The target of the events.
pub(super) const TARGET: &str = "access";

/// Writes a line to the log for each request, once its answer is out: an event of level `info` and target
/// `access`.
///
/// The line is that of aiohttp, which is the combined format of Apache; [`format`](Self::format) changes it,
/// [`structured`](Self::structured) gives fields in place of a line. It never waits: the event goes to whatever
/// subscriber the process has, and that of `mainspring_observe::log` does not block. When no subscriber wants
/// the target `access`, a request costs next to nothing more.
///
/// A body that is streamed is counted piece by piece, and its line comes at its end. A request whose client went
/// away before the answer has the status 499, as with nginx. What clients send is escaped, so that no line can be
/// forged.
///
/// Add it first, as the outermost, so that it sees what the others do to the answer; only [`RequestIds`]
/// belongs before it, so that the line carries the id.
///
/// [`RequestIds`]: crate::middleware::RequestIds
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::AccessLog;
///
/// let log = AccessLog::new().format("%a \"%r\" %s %b %Tf")?.skip("/health").skip("/static/*");
/// assert!(App::new().middleware(log).get("/", || async { "Meow." }).build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
pub struct AccessLog {
    /// `None` for fields.
    format: Option<Format>,
    skipped: Vec<String>,
    statuses: (Bound<u16>, Bound<u16>),
    filter: Option<Filter>,
}

type Filter = Box<dyn Fn(&Access) -> bool + Send + Sync>;

impl AccessLog {
    /// Makes one with the format `%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`.
    pub fn new() -> Self {
        Self {
            format: Some(Format::combined()),
            skipped: Vec::new(),
            statuses: (Bound::Unbounded, Bound::Unbounded),
            filter: None,
        }
    }

    /// Sets the format of the line.
    ///
    /// | directive | stands for |
    /// |---|---|
    /// | `%a` | the address of the client, without the port |
    /// | `%t` | when the request came, in UTC: `[06/Nov/1994:08:49:37 +0000]` |
    /// | `%P` | the id of the process |
    /// | `%r` | the first line of the request |
    /// | `%s` | the status of the answer |
    /// | `%b` | bytes of the answer's body |
    /// | `%T` | the time until the end of the answer, in whole seconds |
    /// | `%Tf` | the same in seconds with six decimals |
    /// | `%D` | the same in microseconds |
    /// | `%{Name}i` | a header of the request, `-` when it has none |
    /// | `%{Name}o` | a header of the answer, `-` when it has none |
    /// | `%%` | a percent sign |
    ///
    /// # Errors
    ///
    /// When a directive is unknown; the message names it and where it stands.
    pub fn format(mut self, format: &str) -> Result<Self, Error> {
        self.format = Some(Format::parse(format)?);
        Ok(self)
    }

    /// Gives the fields `peer`, `method`, `target`, `status`, `bytes` and `micros` in place of a line, for logs
    /// that machines read.
    #[must_use]
    pub fn structured(mut self) -> Self {
        self.format = None;
        self
    }

    /// Leaves out a path, or with `*` at its end all paths that begin so.
    #[must_use]
    pub fn skip(mut self, path: impl Into<String>) -> Self {
        self.skipped.push(path.into());
        self
    }

    /// Leaves out all but these statuses: `400..` for what went wrong, say.
    #[must_use]
    pub fn statuses(mut self, statuses: impl RangeBounds<u16>) -> Self {
        self.statuses = (statuses.start_bound().cloned(), statuses.end_bound().cloned());
        self
    }

    /// Leaves out what `keep` does not want; of several filters the last one counts.
    #[must_use]
    pub fn filter(mut self, keep: impl Fn(&Access) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Box::new(keep));
        self
    }

    /// The headers of the answer that the format asks for.
    pub(super) fn answer_headers(&self) -> impl Iterator<Item = &str> {
        self.format.iter().flat_map(Format::answer_headers)
    }

    pub(super) fn wants(&self, access: &Access) -> bool {
        self.statuses.contains(&access.status().as_u16())
            && self.filter.as_ref().is_none_or(|keep| keep(access))
    }

    pub(super) fn line(&self, access: &Access) -> Option<String> {
        self.format.as_ref().map(|format| format.line(access))
    }

    /// `None` when nobody is to be told of this request.
    #[inline]
    fn access(self: Arc<Self>, request: &Request) -> Option<Access> {
        let told = tracing::enabled!(target: TARGET, Level::INFO) && !self.skips(request.path());
        told.then(|| Access::begin(self, request))
    }

    fn skips(&self, path: &str) -> bool {
        self.skipped.iter().any(|skipped| match skipped.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == skipped,
        })
    }
}

impl Middleware for AccessLog {
    fn call(
        self: Arc<Self>,
        request: Request,
        next: Next,
    ) -> impl Future<Output = Response> + Send + 'static {
        Logged { access: self.access(&request) }.later(request, next)
    }

    #[inline]
    fn enter(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        match request.as_ref().and_then(|request| self.access(request)) {
            None => next.call(request, reply, cx),
            access => Logged { access }.begin(request, next, reply, cx),
        }
    }
}

/// A request at work whose line is to be written.
struct Logged {
    access: Option<Access>,
}

impl Logged {
    fn mark(&mut self, at_work: bool) {
        if let Some(access) = &mut self.access {
            access.at_work = at_work;
        }
    }
}

impl Around for Logged {
    #[inline]
    fn poll(
        &mut self,
        reply: &mut Reply,
        cx: &mut Context<'_>,
        rest: impl FnOnce(&mut Reply, &mut Context<'_>) -> Poll<Response>,
    ) -> Poll<Response> {
        self.mark(true);
        let polled = rest(reply, cx);
        self.mark(false);
        let response = ready!(polled);
        Poll::Ready(match self.access.take() {
            Some(access) => access.answered(response),
            None => response,
        })
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("format", &self.format)
            .field("skipped", &self.skipped)
            .field("statuses", &self.statuses)
            .finish_non_exhaustive()
    }
}
