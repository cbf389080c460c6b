//! Paths made from the names of routes.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::check::Check;
use super::pattern::{Pattern, Piece};
use super::routes::Routes;
use crate::error::Error;
use crate::request::{FromRequestParts, Request};

/// What is encoded within a segment of a path: all but `pchar` (RFC 3986 §3.3).
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// What is encoded within a query: all but `unreserved`, as `+` and `&` mean something there.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a route, percent-encoded, with the query that was added to it.
///
/// Made by [`Request::url_for`](crate::Request::url_for), [`Urls::url_for`] and [`Routes::url_for`].
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Route};
///
/// let app = App::new().add(Route::get("/users/{id}", || async {}).name("user"));
/// let routes = app.build().unwrap();
/// let url = routes.url_for("user", &[("id", "a b/c")]).unwrap();
/// assert_eq!(url.query("page", 2).query("sort", "name & age").as_str(), "/users/a%20b%2Fc?page=2&sort=name%20%26%20age");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    text: String,
    has_query: bool,
}

impl Url {
    /// Adds a field to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.extend(utf8_percent_encode(name, UNRESERVED));
        self.text.push('=');
        self.text.extend(utf8_percent_encode(&value.to_string(), UNRESERVED));
        self
    }

    /// The text, as it goes into `location` or `href`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.text
    }
}

/// The names of an app's routes, as an extractor.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error, Route, Urls};
///
/// async fn index(urls: Urls) -> Result<String, Error> {
///     Ok(urls.url_for("user", &[("id", "7")])?.into())
/// }
///
/// let app = App::new().get("/", index).add(Route::get("/users/{id}", || async {}).name("user"));
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Urls {
    pub(crate) routes: Arc<Routes>,
    pub(crate) scope: u32,
}

impl Urls {
    /// The path of the route with this name; see [`Request::url_for`](crate::Request::url_for).
    ///
    /// # Errors
    ///
    /// Those of [`Routes::url_for`].
    pub fn url_for(&self, name: &str, params: &[(&str, &str)]) -> Result<Url, Error> {
        self.routes.url_from(self.scope, name, params)
    }
}

impl FromRequestParts for Urls {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(request.urls())
    }
}

impl Pattern {
    /// Puts values in the place of the parameters.
    ///
    /// # Errors
    ///
    /// When a parameter is missing, is not in the pattern, or cannot be what is given for it.
    pub(super) fn fill(&self, params: &[(&str, &str)]) -> Result<Url, Error> {
        let fault = |what: String| fault(format!("no URL for `{}`: {what}", self.text));
        if let Some((name, _)) = params.iter().find(|(name, _)| !self.names.iter().any(|own| **own == **name))
        {
            return Err(fault(format!("it has no parameter `{name}`")));
        }
        let value = |name: &str| match params.iter().find(|(other, _)| *other == name) {
            None => Err(fault(format!("the parameter `{name}` is missing"))),
            Some((_, "")) => Err(fault(format!("the parameter `{name}` is empty"))),
            Some((_, value)) => Ok(*value),
        };
        let mut text = String::new();
        for segment in &self.segments {
            text.push('/');
            let start = text.len();
            for piece in segment {
                match piece {
                    Piece::Text(fixed) => text.extend(utf8_percent_encode(fixed, SEGMENT)),
                    Piece::Param { name, check } => {
                        let value = value(name)?;
                        if !check.is_match_decoded(value) {
                            let wanted = Self::describe(check);
                            return Err(fault(format!(
                                "the parameter `{name}` is {value:?}, which is not {wanted}"
                            )));
                        }
                        text.extend(utf8_percent_encode(value, SEGMENT));
                    }
                    Piece::Tail { name } => {
                        let parts = value(name)?
                            .split('/')
                            .map(|part| utf8_percent_encode(part, SEGMENT).to_string());
                        text += &parts.collect::<Vec<_>>().join("/");
                    }
                }
            }
            // Every client takes these out of the path, encoded or not.
            if text[start..].split('/').any(|part| part == "." || part == "..") {
                return Err(fault("`.` and `..` cannot stand in a path".to_owned()));
            }
        }
        Ok(Url { text, has_query: false })
    }

    fn describe(check: &Check) -> String {
        format!("of the form `{}`", check.expression())
    }
}

pub(super) fn fault(message: String) -> Error {
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(pattern: &str, params: &[(&str, &str)]) -> Result<String, String> {
        let pattern = Pattern::parse(pattern).expect(pattern);
        pattern.fill(params).map(String::from).map_err(|error| error.to_string())
    }

    #[test]
    fn a_slash_in_a_segment_is_encoded_and_in_a_tail_it_stays() {
        assert_eq!(fill("/u/{name}", &[("name", "a b/c")]).as_deref(), Ok("/u/a%20b%2Fc"));
        assert_eq!(fill("/f/{*path}", &[("path", "a b/c?.md")]).as_deref(), Ok("/f/a%20b/c%3F.md"));
    }

    #[test]
    fn fixed_text_is_encoded_too() {
        assert_eq!(fill("/café {{x}}/", &[]).as_deref(), Ok("/caf%C3%A9%20%7Bx%7D/"));
    }

    #[test]
    fn values_that_do_not_fit_are_told() {
        for (params, why) in [
            (&[][..], "`id` is missing"),
            (&[("id", "x")][..], "is \"x\", which is not"),
            (&[("id", "")][..], "`id` is empty"),
            (&[("id", "1"), ("page", "2")][..], "no parameter `page`"),
        ] {
            let error = fill("/u/{id:int}", params).expect_err(why);
            assert!(error.contains("`/u/{id:int}`") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn dots_that_clients_would_resolve_are_refused() {
        assert!(fill("/u/{name}", &[("name", "..")]).is_err());
        assert!(fill("/f/{*path}", &[("path", "a/../b")]).is_err());
        assert!(fill("/u/{name}.txt", &[("name", "..")]).is_ok());
    }

    #[test]
    fn what_is_filled_in_comes_out_again() {
        for value in ["a", "ä/ö", "100%", "a+b", "?#&=", " "] {
            let path = fill("/{x}", &[("x", value)]).expect(value);
            let decoded =
                percent_encoding::percent_decode_str(&path[1..]).decode_utf8().expect("it is UTF-8");
            assert_eq!(decoded, value);
        }
    }
}
