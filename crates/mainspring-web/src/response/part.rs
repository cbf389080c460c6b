//! Parts of an answer that stand beside its body.

use http::{HeaderMap, StatusCode};

use super::into_response::IntoResponse;
use super::response::Response;
use crate::error::Error;

/// Something that changes an answer but its body: a status, headers, a cookie.
///
/// In a tuple, parts stand before the answer and are applied from right to left, so the first has the last word.
///
/// | value | effect |
/// |---|---|
/// | `StatusCode` | sets the status |
/// | `[(name, value); N]`, `Vec<(name, value)>` | sets each header, in the place of all of its name |
/// | `http::HeaderMap` | the same; a name with several values keeps them all |
/// | [`SetCookie`](crate::SetCookie) | adds a cookie |
/// | [`Created`](crate::Created), [`Attachment`](crate::Attachment), [`Header`](crate::Header) | what their names say |
/// | `Option<P>` | nothing, when it is `None` |
///
/// A part that cannot be applied (a header whose value breaks the line) makes the answer a 500.
///
/// # Examples
///
/// ```
/// use mainspring_web::{IntoResponse, StatusCode};
///
/// let response = (StatusCode::ACCEPTED, [("x-cat", "Ada")], "Meow.").into_response();
/// assert_eq!(response.status(), StatusCode::ACCEPTED);
/// assert_eq!(response.header("x-cat"), Some("Ada"));
/// ```
pub trait ResponsePart {
    /// Changes the answer.
    ///
    /// # Errors
    ///
    /// When what it holds cannot stand in an answer.
    fn apply(self, response: &mut Response) -> Result<(), Error>;
}

impl ResponsePart for StatusCode {
    #[inline]
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        response.set_status(self);
        Ok(())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const COUNT: usize> ResponsePart for [(N, V); COUNT] {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        self.into_iter().try_for_each(|(name, value)| response.insert(name.as_ref(), value))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> ResponsePart for Vec<(N, V)> {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        self.into_iter().try_for_each(|(name, value)| response.insert(name.as_ref(), value))
    }
}

impl ResponsePart for HeaderMap {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        for name in self.keys() {
            response.remove(name.as_str());
        }
        self.iter().try_for_each(|(name, value)| response.append(name.as_str(), value))
    }
}

impl<P: ResponsePart> ResponsePart for Option<P> {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        self.map_or(Ok(()), |part| part.apply(response))
    }
}

macro_rules! tuple {
    ($($part:ident)*) => {
        impl<$($part: ResponsePart,)* T: IntoResponse> IntoResponse for ($($part,)* T) {
            #[inline]
            fn into_response(self) -> Response {
                #[expect(non_snake_case, reason = "one name per part serves as its type and its value")]
                let ($($part,)* value) = self;
                let mut response = value.into_response();
                tuple!(@apply response $($part)*);
                response
            }
        }
    };
    // From right to left.
    (@apply $response:ident) => {};
    (@apply $response:ident $first:ident $($part:ident)*) => {
        tuple!(@apply $response $($part)*);
        if let Err(error) = $first.apply(&mut $response) {
            return error.into_response();
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_part_has_the_last_word() {
        let parts = (StatusCode::OK, StatusCode::CREATED, [("x-a", "1")], [("x-a", "2")], "a");
        let response = parts.into_response();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().filter(|(name, _)| *name == "x-a").count(), 1);
        assert_eq!(response.header("x-a"), Some("1"));
    }

    #[test]
    fn a_content_type_replaces_that_of_the_body() {
        let response = ([("content-type", "text/css")], "a {}").into_response();
        assert_eq!(response.header("content-type"), Some("text/css"));
    }

    #[test]
    fn a_bad_header_is_a_500() {
        let response = ([("x-a", "1\r\nx-b: 2".to_owned())], "a").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.header("x-b"), None);
    }

    #[test]
    fn a_header_map_keeps_repeated_names() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_static("2"));
        let response = (headers, [("x-a", "0")], "a").into_response();
        let values: Vec<_> = response.headers().filter(|(name, _)| *name == "x-a").map(|(_, v)| v).collect();
        assert_eq!(values, [b"1", b"2"]);
    }

    #[test]
    fn nothing_changes_nothing() {
        let response = (None::<StatusCode>, "a").into_response();
        assert_eq!(response.status(), StatusCode::OK);
    }
}
