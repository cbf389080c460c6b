//! The middleware.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::origins::{Origins, Pattern};
use crate::error::Error;
use crate::http1::is_token;
use crate::middleware::vary::vary;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::Response;

/// Lets scripts of other origins read answers (Cross-Origin Resource Sharing, as the Fetch standard has it).
///
/// Without it browsers let no other origin read anything. It answers preflight requests itself with 204 and
/// labels other answers, also errors. An origin that is not allowed gets its answer without the labels: it is the
/// browser that protects, so it does not keep anybody from asking; for that see [`Csrf`](crate::middleware::Csrf).
///
/// By default the methods `GET`, `HEAD`, `POST`, no headers but the simple ones, and no credentials.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::{App, Method};
/// use mainspring_web::middleware::Cors;
///
/// let cors = Cors::origins(["https://example.com", "https://*.example.org"])?
///     .methods([Method::GET, Method::PUT])
///     .headers(["content-type", "authorization"])?
///     .credentials()?
///     .max_age(Duration::from_hours(1));
/// assert!(App::new().middleware(cors).get("/", || async { "Meow." }).build().is_ok());
///
/// assert!(Cors::any().credentials().is_err()); // every site could act in its visitors' names
/// # Ok::<(), mainspring_web::Error>(())
/// ```
#[derive(Debug)]
pub struct Cors {
    origins: Origins,
    methods: Allowed,
    headers: Allowed,
    exposed: Allowed,
    credentials: bool,
    max_age: Option<Duration>,
    private_network: bool,
}

/// A list, ready to be sent.
#[derive(Debug)]
enum Allowed {
    /// What the preflight asks for.
    Any,
    Listed(String),
}

impl Cors {
    /// Lets every origin read, as is right for what is public.
    pub fn any() -> Self {
        Self::new(Origins::Any)
    }

    /// Lets some origins read: `https://example.com`, `http://localhost:3000`, `https://*.example.com` for all
    /// below a domain, or `null`.
    ///
    /// # Errors
    ///
    /// When one of them is no origin; the message names it.
    pub fn origins<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let patterns = origins.into_iter().map(|origin| Pattern::parse(origin.as_ref()));
        Ok(Self::new(Origins::Listed(patterns.collect::<Result<_, _>>()?)))
    }

    /// Lets those origins read that a function picks.
    pub fn chosen(choose: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::new(Origins::Chosen(Box::new(choose)))
    }

    fn new(origins: Origins) -> Self {
        Self {
            origins,
            methods: Allowed::Listed("GET, HEAD, POST".to_owned()),
            headers: Allowed::Listed(String::new()),
            exposed: Allowed::Listed(String::new()),
            credentials: false,
            max_age: None,
            private_network: false,
        }
    }

    /// The methods that may be used.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        let names: Vec<_> = methods.into_iter().map(|method| method.as_str().to_owned()).collect();
        self.methods = Allowed::Listed(names.join(", "));
        self
    }

    /// Every method may be used.
    #[must_use]
    pub fn any_method(mut self) -> Self {
        self.methods = Allowed::Any;
        self
    }

    /// The headers that may be sent, beyond the simple ones.
    ///
    /// # Errors
    ///
    /// When a name is no token.
    pub fn headers<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        self.headers = Allowed::Listed(list(names)?);
        Ok(self)
    }

    /// Every header may be sent.
    #[must_use]
    pub fn any_header(mut self) -> Self {
        self.headers = Allowed::Any;
        self
    }

    /// The headers of answers that may be read, beyond the simple ones.
    ///
    /// # Errors
    ///
    /// When a name is no token.
    pub fn expose<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        self.exposed = Allowed::Listed(list(names)?);
        Ok(self)
    }

    /// Requests may carry cookies and the like, and their answers may be read.
    ///
    /// # Errors
    ///
    /// When every origin is allowed: every site could act in the name of its visitors.
    pub fn credentials(mut self) -> Result<Self, Error> {
        if matches!(self.origins, Origins::Any) {
            let message = "credentials cannot be allowed to any origin: name the origins";
            return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        self.credentials = true;
        Ok(self)
    }

    /// How long browsers may remember the answer to a preflight; 5 s by their own default.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sites of the internet may ask this server in a private network.
    #[must_use]
    pub fn private_network(mut self) -> Self {
        self.private_network = true;
        self
    }

    /// Whether the answer depends on the origin.
    fn depends(&self) -> bool {
        !matches!(self.origins, Origins::Any)
    }

    fn label(&self, response: &mut Response, origin: &str) {
        response.set("access-control-allow-origin", if self.depends() { origin } else { "*" }.as_bytes());
        if self.credentials {
            response.set("access-control-allow-credentials", b"true");
        }
    }

    fn preflight(&self, request: &Request) -> Response {
        let mut response = Response::new(StatusCode::NO_CONTENT);
        for name in ["origin", "access-control-request-method", "access-control-request-headers"] {
            vary(&mut response, name);
        }
        let Some(origin) = request.header("origin").filter(|origin| self.origins.allow(origin)) else {
            return response;
        };
        self.label(&mut response, origin);
        let asked = |name| request.header(name).unwrap_or_default();
        self.methods.set(
            &mut response,
            "access-control-allow-methods",
            asked("access-control-request-method"),
        );
        self.headers.set(
            &mut response,
            "access-control-allow-headers",
            asked("access-control-request-headers"),
        );
        if let Some(age) = self.max_age {
            response.set("access-control-max-age", age.as_secs().to_string().as_bytes());
        }
        if self.private_network && request.header("access-control-request-private-network") == Some("true") {
            response.set("access-control-allow-private-network", b"true");
        }
        response
    }
}

impl Allowed {
    fn set(&self, response: &mut Response, name: &'static str, asked: &str) {
        let value = match self {
            Self::Any => asked,
            Self::Listed(list) => list,
        };
        if !value.is_empty() {
            response.set(name, value.as_bytes());
        }
    }
}

fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<String, Error> {
    let mut text = String::new();
    for name in names {
        let name = name.as_ref();
        if !is_token(name.as_bytes()) {
            let message = format!("the header name {name:?} is no token");
            return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(name);
    }
    Ok(text)
}

impl Middleware for Cors {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let origin = request.header("origin").map(str::to_owned);
        if *request.method() == Method::OPTIONS
            && origin.is_some()
            && request.header("access-control-request-method").is_some()
        {
            return self.preflight(&request);
        }
        let mut response = next.run(request).await;
        if self.depends() {
            vary(&mut response, "origin");
        }
        if let Some(origin) = origin.filter(|origin| self.origins.allow(origin)) {
            self.label(&mut response, &origin);
            self.exposed.set(&mut response, "access-control-expose-headers", "");
        }
        response
    }
}
