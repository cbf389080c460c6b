//! Cookies of an answer.

use cookie::Cookie;

use super::part::ResponsePart;
use super::response::Response;
use crate::error::Error;

/// Has the client keep a cookie (RFC 6265): a part of an answer, beside its body.
///
/// Name and value are percent-encoded where they must be; [`Cookies`](crate::Cookies) decodes them.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Cookie, IntoResponse, SetCookie};
///
/// let cookie = Cookie::build(("cat", "Ada Löwe")).path("/").http_only(true).build();
/// let response = (SetCookie(cookie), "Meow.").into_response();
/// assert_eq!(response.header("set-cookie"), Some("cat=Ada%20L%C3%B6we; HttpOnly; Path=/"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SetCookie(pub Cookie<'static>);

impl ResponsePart for SetCookie {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        response.add_cookie(&self.0)
    }
}

impl Response {
    /// Has the client keep a cookie, in the place of any that this answer gives it under the same name, domain
    /// and path.
    ///
    /// # Errors
    ///
    /// When its domain or path cannot stand in a header.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{Cookie, IntoResponse};
    ///
    /// let response = "Meow.".into_response().with_cookie(&Cookie::new("cat", "Ada")).unwrap();
    /// assert_eq!(response.header("set-cookie"), Some("cat=Ada"));
    /// ```
    pub fn with_cookie(mut self, cookie: &Cookie<'_>) -> Result<Self, Error> {
        self.add_cookie(cookie)?;
        Ok(self)
    }

    /// Has the client drop a cookie. Domain and path must be those that it was set with.
    ///
    /// # Errors
    ///
    /// Those of [`with_cookie`](Self::with_cookie).
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{Cookie, IntoResponse};
    ///
    /// let cookie = Cookie::build("cat").path("/");
    /// let response = "Bye.".into_response().remove_cookie(cookie).unwrap();
    /// assert!(response.header("set-cookie").unwrap().contains("Max-Age=0"));
    /// ```
    pub fn remove_cookie<'a>(mut self, cookie: impl Into<Cookie<'a>>) -> Result<Self, Error> {
        let mut cookie = cookie.into();
        cookie.make_removal();
        self.add_cookie(&cookie)?;
        Ok(self)
    }

    pub(crate) fn add_cookie(&mut self, cookie: &Cookie<'_>) -> Result<(), Error> {
        // Attributes are written as they are, so one could smuggle others in.
        for (what, text) in [("domain", cookie.domain()), ("path", cookie.path())] {
            if text.is_some_and(|text| text.contains(|letter: char| letter == ';' || letter.is_control())) {
                let message = format!("the {what} of the cookie `{}` holds a semicolon", cookie.name());
                return Err(Error::new(http::StatusCode::INTERNAL_SERVER_ERROR, message));
            }
        }
        let same = |value: &[u8]| {
            std::str::from_utf8(value).ok().and_then(|text| Cookie::parse_encoded(text).ok()).is_some_and(
                |it| (it.name(), it.domain(), it.path()) == (cookie.name(), cookie.domain(), cookie.path()),
            )
        };
        let is_cookie = |name: &str| name.eq_ignore_ascii_case("set-cookie");
        if self.headers().any(|(name, value)| is_cookie(name) && same(value)) {
            let others = self.headers().filter(|(name, value)| is_cookie(name) && !same(value));
            let others: Vec<Vec<u8>> = others.map(|(_, value)| value.to_vec()).collect();
            self.remove("set-cookie");
            others.into_iter().try_for_each(|value| self.append("set-cookie", value))?;
        }
        self.append("set-cookie", cookie.encoded().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::IntoResponse;

    fn set(response: &Response) -> Vec<String> {
        let cookies = response.headers().filter(|(name, _)| *name == "set-cookie");
        cookies.map(|(_, value)| String::from_utf8(value.to_vec()).expect("it is text")).collect()
    }

    #[test]
    fn several_cookies_are_several_lines() {
        let response =
            (SetCookie(Cookie::new("a", "1")), SetCookie(Cookie::new("b", "2")), "").into_response();
        assert_eq!(set(&response), ["b=2", "a=1"]);
    }

    #[test]
    fn the_same_cookie_twice_is_sent_once() {
        let response = "".into_response().with_cookie(&Cookie::new("a", "1")).unwrap();
        let response = response.with_cookie(&Cookie::new("b", "2")).unwrap();
        let response = response.with_cookie(&Cookie::new("a", "3")).unwrap();
        assert_eq!(set(&response), ["b=2", "a=3"]);
    }

    #[test]
    fn no_attribute_can_be_smuggled_in() {
        let cookie = Cookie::new("a", "1; Domain=evil.example");
        assert_eq!(
            set(&"".into_response().with_cookie(&cookie).unwrap()),
            ["a=1%3B%20Domain%3Devil.example"]
        );
        let cookie = Cookie::build(("a", "1")).path("/; Domain=evil.example").build();
        assert!("".into_response().with_cookie(&cookie).is_err());
    }

    #[test]
    fn a_removal_expires_at_once() {
        let response = "".into_response().remove_cookie("a").unwrap();
        let text = set(&response).remove(0);
        assert!(text.starts_with("a=; Max-Age=0; Expires="), "{text}");
    }
}
