//! The query as an extractor.

use http::StatusCode;
use serde::de::DeserializeOwned;

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use super::values::{ByName, Pair, percent_decoded};
use crate::error::Error;

/// The query (`?page=2&tag=black&tag=white`), read into a struct, a map by name or a list of pairs.
///
/// * `+` and `%20` are blanks.
/// * A name that comes more than once fills a `Vec`; where one value is wanted, it is an error.
/// * An `Option` is `None` when its name is missing or its value empty, as a form sends what nobody filled in.
/// * Any other name that is missing is an error, unless the field has a default (`#[serde(default)]`).
/// * Unknown names are ignored, unless the struct denies them.
///
/// # Errors
///
/// 400 when a value is missing or does not parse; the message names the field. 413 when there are more than
/// 10,000 fields.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Query};
///
/// #[derive(serde::Deserialize)]
/// struct Search {
///     page: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// async fn list(Query(Search { page, tag }): Query<Search>) -> String {
///     format!("page {} of {}", page.unwrap_or(1), tag.join(" and "))
/// }
///
/// assert!(App::new().get("/cats", list).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts for Query<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        read_pairs(request.query().unwrap_or_default(), "query").map(Self)
    }
}

/// `None` when the target has no question mark.
impl<T: DeserializeOwned + Send> OptionalFromRequestParts for Query<T> {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        request.query().map(|query| read_pairs(query, "query").map(Self)).transpose()
    }
}

/// More than this no form of people has; each costs many times its bytes once it is read.
const FIELDS: usize = 10_000;

/// Reads `a=1&b=2`; `place` names it in messages.
pub(super) fn read_pairs<T: DeserializeOwned>(text: &str, place: &str) -> Result<T, Error> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (Some(key), Some(decoded)) = (percent_decoded(name, true), percent_decoded(value, true)) else {
            return Err(Error::bad_request(format!("the {place}'s `{name}` is not UTF-8 once decoded")));
        };
        pairs.push((key, decoded));
        if pairs.len() > FIELDS {
            let message = format!("the {place} has more than {FIELDS} fields");
            return Err(Error::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
    }
    T::deserialize(ByName::new(pairs)).map_err(|error| Error::bad_request(format!("bad {place}: {error}")))
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

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Search {
        tag: Vec<String>,
        size: Option<Vec<u8>>,
    }

    #[test]
    fn a_repeated_name_fills_a_list_in_order() {
        let search: Search = read("tag=black&size=1&tag=white&size=2").expect("it is valid");
        assert_eq!(search, Search { tag: vec!["black".into(), "white".into()], size: Some(vec![1, 2]) });
    }

    #[test]
    fn a_single_value_fills_a_list_of_one() {
        let search: Search = read("tag=black").expect("it is valid");
        assert_eq!(search, Search { tag: vec!["black".into()], size: None });
    }

    #[test]
    fn a_repeated_name_where_one_value_is_wanted_is_told() {
        let error = read::<Page>("page=1&page=2").expect_err("twice");
        assert!(error.to_string().contains("`page` is given 2 times"), "{error}");
    }

    #[test]
    fn many_names_are_grouped_as_few_are() {
        let query: String = (0..100).map(|n| format!("k{}=v{n}&", n % 50)).collect();
        let map: HashMap<String, Vec<String>> = read(&query).expect("it is valid");
        assert_eq!(map.len(), 50);
        assert_eq!(map["k7"], ["v7", "v57"]);
    }

    #[test]
    fn an_empty_value_of_an_option_is_none() {
        let page: Page = read("page=1&sort=").expect("it is valid");
        assert_eq!(page, Page { page: 1, sort: None });
    }

    #[test]
    fn pairs_come_in_order() {
        let pairs: Vec<(String, u8)> = read("b=1&a=2&b=3").expect("it is valid");
        assert_eq!(pairs, [("b".into(), 1), ("a".into(), 2), ("b".into(), 3)]);
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        Black,
        White,
    }

    #[test]
    fn a_bad_variant_names_field_and_choices() {
        #[derive(Debug, serde::Deserialize)]
        struct Cat {
            color: Color,
        }
        assert_eq!(read::<Cat>("color=black").expect("it is valid").color, Color::Black);
        let error = read::<Cat>("color=green").expect_err("no such color").to_string();
        assert!(error.contains("`color`") && error.contains("`white`"), "{error}");
    }

    #[test]
    fn too_many_fields_are_a_413() {
        let read = |count| read_pairs::<Vec<(String, String)>>(&"a&".repeat(count), "form");
        assert_eq!(read(FIELDS).expect("as many as there may be").len(), FIELDS);
        assert_eq!(read(FIELDS + 1).expect_err("one more").status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn no_query_is_none() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut request = Request::sample(head, "");
        let query = Option::<Query<Page>>::from_request_parts(&mut request).now_or_never();
        assert_eq!(query.expect("nothing to wait for").expect("absence is no error"), None);
    }

    #[test]
    fn a_bad_query_is_no_absence() {
        let mut request = Request::sample("GET /?page=x HTTP/1.1\r\nHost: a\r\n\r\n", "");
        let query = Option::<Query<Page>>::from_request_parts(&mut request).now_or_never();
        assert!(query.expect("nothing to wait for").expect_err("x is no number").is_client());
    }
}
