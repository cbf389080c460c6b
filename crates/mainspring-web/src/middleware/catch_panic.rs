//! Panics as answers.

use std::any::Any;
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Once};
use std::task::Poll;

use http::StatusCode;
use mainspring_task::task::panic_message;

use super::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Answers 500 when a handler panics, or with what a function makes of the panic.
///
/// The server survives panics without it: it answers 500 and goes on. This one turns them into answers *within* the
/// chain, so that the middlewares before it see the 500, write it to their log or count it. The panic is logged
/// with its text, its route and its place in the code; to know the place, the first one that is made puts a panic
/// hook before that of the process, which is called as before.
///
/// A panic in a stream, once the head is out, is beyond it: the server ends the connection.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, IntoResponse, StatusCode};
/// use mainspring_web::middleware::CatchPanic;
///
/// let catch = CatchPanic::new().answer(|_text| (StatusCode::INTERNAL_SERVER_ERROR, "ouch").into_response());
/// assert!(App::new().middleware(catch).get("/", || async { "Meow." }).build().is_ok());
/// ```
pub struct CatchPanic {
    answer: Option<Answer>,
}

type Answer = Box<dyn Fn(&str) -> Response + Send + Sync>;

impl CatchPanic {
    /// Makes one that answers 500 and tells the client nothing else.
    pub fn new() -> Self {
        note_places();
        Self { answer: None }
    }

    /// Answers with what `answer` makes of the panic's text.
    #[must_use]
    pub fn answer(mut self, answer: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }

    fn answer_to(&self, panic: &(dyn Any + Send), route: &str) -> Response {
        let text = panic_message(panic);
        let place = PLACE.take().unwrap_or_default();
        tracing::error!(route, place, panic = text, "the handler panicked");
        match &self.answer {
            Some(answer) => answer(text),
            None => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
        }
    }
}

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Has the place of each panic noted on its thread.
fn note_places() {
    static ONCE: Once = Once::new();
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            // Fails only while the thread is torn down, where no handler runs.
            let _noted = PLACE.try_with(|it| it.set(place));
            before(info);
        }));
    });
}

impl Middleware for CatchPanic {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let route = request.pattern().unwrap_or_default().to_owned();
        let mut rest = pin!(next.run(request));
        let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| rest.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        });
        match caught.await {
            Ok(response) => response,
            Err(panic) => self.answer_to(&*panic, &route),
        }
    }
}

impl std::fmt::Debug for CatchPanic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchPanic").finish_non_exhaustive()
    }
}
