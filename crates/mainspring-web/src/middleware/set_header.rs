//! Headers that all requests or all answers get.

use std::sync::Arc;

use super::rewrite::check;
use super::{Middleware, Next};
use crate::error::Error;
use crate::request::Request;
use crate::response::Response;

/// Sets, adds or removes a header of all answers, or of all requests before their handlers see them.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::SetHeader;
///
/// let app = App::new()
///     .middleware(SetHeader::response("server", "cats")?)
///     .middleware(SetHeader::response("cache-control", "no-cache")?.if_absent())
///     .middleware(SetHeader::without_request("x-internal"))
///     .get("/", || async { "Meow." });
/// assert!(app.build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SetHeader {
    name: String,
    /// `None` removes it.
    value: Option<Vec<u8>>,
    side: Side,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Replace,
    IfAbsent,
    Append,
}

impl SetHeader {
    /// Sets a header of answers, in the place of all of the same name.
    ///
    /// # Errors
    ///
    /// When the name is no token, the value holds a control byte, or the engine itself writes that header.
    pub fn response(name: impl Into<String>, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.into();
        Response::new(http::StatusCode::OK).insert(&name, &value)?;
        Ok(Self { name, value: Some(value.as_ref().to_vec()), side: Side::Response, mode: Mode::Replace })
    }

    /// Sets a header of requests, in the place of all of the same name.
    ///
    /// # Errors
    ///
    /// When the name is no token or the value holds a control byte.
    pub fn request(name: impl Into<String>, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.into();
        check(&name, value.as_ref())?;
        Ok(Self { name, value: Some(value.as_ref().to_vec()), side: Side::Request, mode: Mode::Replace })
    }

    /// Removes a header of answers.
    pub fn without_response(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: None, side: Side::Response, mode: Mode::Replace }
    }

    /// Removes a header of requests: one that only a proxy may set, say.
    pub fn without_request(name: impl Into<String>) -> Self {
        Self { side: Side::Request, ..Self::without_response(name) }
    }

    /// Leaves a header that is there already.
    #[must_use]
    pub fn if_absent(mut self) -> Self {
        self.mode = Mode::IfAbsent;
        self
    }

    /// Adds it beside those of the same name; requests know no such thing, there it replaces them.
    #[must_use]
    pub fn append(mut self) -> Self {
        self.mode = Mode::Append;
        self
    }

    fn change_request(&self, request: &mut Request) -> Result<(), Error> {
        match &self.value {
            None => request.remove(&self.name),
            Some(_) if self.mode == Mode::IfAbsent && request.head().fields().find(&self.name).is_some() => {}
            Some(value) => request.insert(&self.name, value)?,
        }
        Ok(())
    }

    fn change_response(&self, response: &mut Response) -> Result<(), Error> {
        match (&self.value, self.mode) {
            (None, _) => response.remove(&self.name),
            (Some(_), Mode::IfAbsent) if response.value(&self.name).is_some() => {}
            (Some(value), Mode::Append) => response.append(&self.name, value)?,
            (Some(value), _) => response.insert(&self.name, value)?,
        }
        Ok(())
    }
}

impl Middleware for SetHeader {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        // Checked when it was made, so nothing is refused here.
        if self.side == Side::Request {
            let _checked = self.change_request(&mut request);
            return next.run(request).await;
        }
        let mut response = next.run(request).await;
        let _checked = self.change_response(&mut response);
        response
    }
}
