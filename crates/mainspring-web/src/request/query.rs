//! The query as an extractor.

use serde::de::DeserializeOwned;

use super::extract::FromRequestParts;
use super::request::Request;
use super::values::{Values, percent_decoded};
use crate::error::Error;

/// The query (`?page=2&sort=name`), read into a struct or map by name.
///
/// `+` and `%20` are blanks. Unknown names are ignored unless the struct denies them; a missing name is an
/// error unless the field is an `Option` or has a default. Of a repeated name a struct refuses the second.
///
/// # Errors
///
/// 400 when a value is missing or does not parse; the message names the field.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Query};
///
/// #[derive(serde::Deserialize)]
/// struct Page { page: Option<u32> }
///
/// async fn list(Query(Page { page }): Query<Page>) -> String {
///     format!("page {}", page.unwrap_or(1))
/// }
///
/// assert!(App::new().get("/users", list).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts for Query<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for part in request.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (Some(key), Some(decoded)) = (percent_decoded(name, true), percent_decoded(value, true))
            else {
                return Err(Error::bad_request(format!("the query's `{name}` is not UTF-8 once decoded")));
            };
            pairs.push((key, decoded));
        }
        T::deserialize(Values::by_name(pairs))
            .map(Self)
            .map_err(|error| Error::bad_request(format!("bad query: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use futures_util::FutureExt;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Page {
        page: u32,
        sort: Option<String>,
    }

    fn read<T: DeserializeOwned + Send>(query: &str) -> Result<T, Error> {
        let head = format!("GET /?{query} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut request = Request::sample(&head, "");
        Query::from_request_parts(&mut request)
            .now_or_never()
            .expect("nothing to wait for")
            .map(|Query(value)| value)
    }

    #[test]
    fn fields_are_read_by_name() {
        let page: Page = read("sort=first+name%21&page=2&other=1").expect("it is valid");
        assert_eq!(page, Page { page: 2, sort: Some("first name!".into()) });
    }

    #[test]
    fn a_bad_value_names_its_field() {
        let error = read::<Page>("page=two").expect_err("two is no number");
        assert!(error.to_string().contains("`page`"), "{error}");
    }

    #[test]
    fn a_missing_value_names_its_field() {
        let error = read::<Page>("sort=a").expect_err("page is missing");
        assert!(error.is_client());
        assert!(error.to_string().contains("`page`"), "{error}");
    }

    #[test]
    fn a_map_takes_everything() {
        let map: HashMap<String, String> = read("a=1&b&c=").expect("it is valid");
        assert_eq!(map.len(), 3);
        assert_eq!(map["b"], "");
    }

    #[test]
    fn an_empty_query_is_an_empty_map() {
        assert!(read::<HashMap<String, String>>("").expect("it is valid").is_empty());
    }
}
