//! A switch that closes an app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Answers 503 with `retry-after` while it is switched on.
///
/// Clones share the switch: one goes into the app, another is kept to switch it.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::Maintenance;
///
/// let maintenance = Maintenance::new().except("/health");
/// let app = App::new().middleware(maintenance.clone()).get("/", || async { "Meow." });
/// maintenance.begin();
/// assert!(maintenance.is_on());
/// # assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Maintenance {
    on: Arc<AtomicBool>,
    except: Vec<String>,
    retry_after: Duration,
    text: String,
}

impl Maintenance {
    /// Makes one that is off, asks to come back after a minute and has a text in English.
    pub fn new() -> Self {
        Self {
            on: Arc::default(),
            except: Vec::new(),
            retry_after: Duration::from_mins(1),
            text: "closed for maintenance".to_owned(),
        }
    }

    /// Leaves a path open.
    #[must_use]
    pub fn except(mut self, path: impl Into<String>) -> Self {
        self.except.push(path.into());
        self
    }

    /// When clients shall come back.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = pause;
        self
    }

    /// What clients read.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Closes the app; requests at work are answered.
    pub fn begin(&self) {
        self.on.store(true, Ordering::Relaxed);
    }

    /// Opens it again.
    pub fn end(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// Whether the app is closed.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }
}

impl Middleware for Maintenance {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        if !self.is_on() || self.except.iter().any(|path| path == request.path()) {
            return next.run(request).await;
        }
        let mut response = (StatusCode::SERVICE_UNAVAILABLE, self.text.clone()).into_response();
        response.set("retry-after", self.retry_after.as_secs().to_string().as_bytes());
        response
    }
}
