//! The cookies of a request.

use cookie::Cookie;

use super::extract::FromRequestParts;
use super::request::Request;
use crate::error::Error;

/// The cookies that the client sent, percent-decoded.
///
/// What is malformed is passed over, as browsers send what anybody set. Of several with the same name the first
/// counts: the one whose path fits best.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Cookies};
///
/// async fn hello(cookies: Cookies) -> String {
///     format!("Hello, {}!", cookies.get("name").unwrap_or("stranger"))
/// }
///
/// assert!(App::new().get("/", hello).build().is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cookies(Vec<Cookie<'static>>);

impl Cookies {
    /// Reads them from a request.
    pub fn of(request: &Request) -> Self {
        let lines = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let lines = lines.filter_map(|(_, value)| std::str::from_utf8(value).ok());
        let cookies = lines.flat_map(|line| Cookie::split_parse_encoded(line.to_owned()).flatten());
        Self(cookies.map(Cookie::into_owned).collect())
    }

    /// The value of the first cookie of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name() == name).map(Cookie::value)
    }

    /// Names and values, in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(Cookie::name_value)
    }
}

impl FromRequestParts for Cookies {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self::of(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &str) -> Cookies {
        Cookies::of(&Request::sample(&format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"), ""))
    }

    #[test]
    fn all_lines_are_read_and_values_decoded() {
        let cookies = cookies("Cookie: a=1; b=x%20y\r\nCookie: c=\r\n");
        assert_eq!(cookies.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "x y"), ("c", "")]);
    }

    #[test]
    fn the_first_of_a_name_counts() {
        assert_eq!(cookies("Cookie: a=1; a=2\r\n").get("a"), Some("1"));
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        let cookies = cookies("Cookie: nonsense; =x; a=1; b=%ff\r\n");
        assert_eq!(cookies.get("a"), Some("1"));
        assert_eq!(cookies.get("nonsense"), None);
    }

    #[test]
    fn no_header_is_no_cookies() {
        assert_eq!(cookies("").iter().count(), 0);
    }
}
