//! Writes values by serde, type by type: as JSON, or as a part of what derives `Serialize`.

use std::cell::RefCell;
use std::fmt;

use http::StatusCode;
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::builtin::leaf;
use super::payload::{Entries, Payload};
use super::registry::Registry;
use crate::error::Error;

/// Deeper values are refused: most likely a conversion gives its own type again.
const DEPTH: usize = 128;

/// What all values of a document share.
struct Walk<'a> {
    registry: &'a Registry,
    /// Why it failed, which serde keeps as text only.
    fault: RefCell<Option<Error>>,
}

/// A value and the way to it.
struct Visit<'a> {
    walk: &'a Walk<'a>,
    payload: &'a Payload,
    place: Place<'a>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Name(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Name(Self::Root, name) => f.write_str(name),
            Self::Name(outer, name) => write!(f, "{outer}.{name}"),
            Self::Index(outer, at) => write!(f, "{outer}[{at}]"),
        }
    }
}

/// Writes a value and all that it holds as JSON.
pub(super) fn write(registry: &Registry, payload: &Payload) -> Result<Vec<u8>, Error> {
    let walk = Walk { registry, fault: RefCell::default() };
    let mut out = Vec::with_capacity(1024);
    let written = serde_json::to_writer(&mut out, &walk.visit(payload));
    written.map_err(|error| walk.fault.take().unwrap_or_else(|| wrong(error.to_string())))?;
    Ok(out)
}

/// Writes a value and all that it holds as a part of something else.
pub(super) fn serialize<S: Serializer>(
    registry: &Registry,
    payload: &Payload,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Walk { registry, fault: RefCell::default() }.visit(payload).serialize(serializer)
}

impl<'a> Walk<'a> {
    fn visit(&'a self, payload: &'a Payload) -> Visit<'a> {
        Visit { walk: self, payload, place: Place::Root, depth: 0 }
    }

    fn fail<E: serde::ser::Error>(&self, error: Error) -> E {
        let text = E::custom(&error);
        *self.fault.borrow_mut() = Some(error);
        text
    }
}

impl Serialize for Visit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { walk, payload, place, depth } = *self;
        if depth == DEPTH {
            let name = payload.type_name();
            let message = format!("the value `{place}` of type `{name}` is nested too deep for JSON");
            return Err(walk.fail(wrong(message)));
        }
        let depth = depth + 1;
        let document = walk.registry.find((*payload.value).type_id());
        if let Some(converted) = document.and_then(|convert| convert(&*payload.value)) {
            let payload = &converted.map_err(|error| walk.fail(error))?;
            return Visit { walk, payload, place, depth }.serialize(serializer);
        }
        if let Some(Entries(entries)) = payload.downcast_ref() {
            let mut map = serializer.serialize_map(Some(entries.len()))?;
            for (name, payload) in entries {
                let place = Place::Name(&place, name);
                map.serialize_entry(name, &Visit { walk, payload, place, depth })?;
            }
            return map.end();
        }
        if let Some(values) = payload.downcast_ref::<Vec<Payload>>() {
            let mut list = serializer.serialize_seq(Some(values.len()))?;
            for (at, payload) in values.iter().enumerate() {
                let place = Place::Index(&place, at);
                list.serialize_element(&Visit { walk, payload, place, depth })?;
            }
            return list.end();
        }
        match leaf(payload, serializer) {
            Ok(written) => {
                written.map_err(|error| S::Error::custom(format!("`{place}` is no JSON: {error}")))
            }
            Err(_) => Err(walk.fail(unknown(payload, &place.to_string()))),
        }
    }
}

/// Says which type nobody knows, and what to do about it.
#[cold]
pub(super) fn unknown(payload: &Payload, path: &str) -> Error {
    let name = payload.type_name();
    let place = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
    wrong(format!(
        "unserializable value{place} of type `{name}`: register it with \
         `payload::register_json(|value: &{name}| …)`"
    ))
}

fn wrong(message: String) -> Error {
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::response::{IntoResponse, Response};

    struct Record(Vec<(&'static str, i64)>);

    struct Stamp;

    fn registry() -> Registry {
        Registry::new()
            .register_json(|record: &Record| {
                let columns = record.0.iter().map(|(name, value)| (*name, Payload::new(*value)));
                Ok(Payload::map(columns.chain([("at", Payload::new(Stamp))])))
            })
            .register_json(|_: &Stamp| Ok(Payload::new("2022-09-05T22:26:25Z")))
    }

    #[test]
    fn a_record_becomes_a_map_whose_values_are_converted_in_turn() {
        let payload = Payload::map([("data", Payload::new(Record(vec![("col", 1)])))]);
        let json = registry().json(&payload).unwrap();
        assert_eq!(json, r#"{"data":{"col":1,"at":"2022-09-05T22:26:25Z"}}"#);
    }

    #[test]
    fn an_unknown_type_is_named_with_its_place_and_the_way_out() {
        struct Secret;
        let list = Payload::list([Payload::new(1), Payload::map([("x", Payload::new(Secret))])]);
        let error = registry().json(&Payload::map([("data", list)])).unwrap_err();
        assert!(error.is_server());
        let text = error.to_string();
        assert!(text.contains("unserializable value at `data[1].x`"), "{text}");
        assert!(text.contains("Secret`") && text.contains("register_json"), "{text}");
        let response = Payload::new(Secret).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body().as_bytes(), Some(&b"Internal Server Error"[..]));
    }

    #[test]
    fn a_conversion_without_end_is_an_error() {
        struct Again;
        let registry = Registry::new().register_json(|_: &Again| Ok(Payload::new(Again)));
        let error = registry.json(&Payload::new(Again)).unwrap_err();
        assert!(error.to_string().contains("nested too deep"), "{error}");
    }

    #[test]
    fn a_conversion_that_fails_keeps_its_status() {
        struct Gone;
        let gone = |_: &Gone| Err(Error::new(StatusCode::GONE, "it is no more"));
        let registry = Registry::new().register_json(gone);
        let error = registry.json(&Payload::list([Payload::new(Gone)])).unwrap_err();
        assert_eq!((error.status(), error.to_string().contains("no more")), (StatusCode::GONE, true));
    }

    #[derive(Serialize)]
    struct Page {
        number: u32,
        rows: Vec<Payload>,
        #[serde(flatten)]
        rest: Payload,
    }

    #[test]
    fn a_payload_is_a_part_of_what_serde_writes() {
        struct Row;
        super::super::register_json(|_: &Row| {
            Ok(Payload::map([("z", Payload::new(1)), ("a", Payload::new(2))]))
        });
        let rest = Payload::map([("next", Payload::from(None::<u32>))]);
        let page = Page { number: 7, rows: vec![Payload::new(Row), Payload::new("x")], rest };
        let json = serde_json::to_string(&page).unwrap();
        assert_eq!(json, r#"{"number":7,"rows":[{"z":1,"a":2},"x"],"next":null}"#);
        let form = serde_html_form::to_string([("at", Payload::new(SystemTime::UNIX_EPOCH))]).unwrap();
        assert_eq!(form, "at=1970-01-01T00%3A00%3A00Z");
    }

    #[test]
    fn what_nobody_registered_is_named_where_serde_writes_it() {
        struct Secret;
        let error = serde_json::to_string(&[Payload::list([Payload::new(Secret)])]).unwrap_err();
        assert!(error.to_string().contains("unserializable value at `[0]`"), "{error}");
        let response = crate::Json([Payload::new(Secret)]).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn built_in_values_are_written() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_662_416_785_500);
        let payload = Payload::list([
            Payload::new(true),
            Payload::new(1.5),
            Payload::new("text".to_owned()),
            Payload::from(None::<u8>),
            Payload::from(Some(7_u8)),
            Payload::new(serde_json::json!({"a": [1]})),
            Payload::new(time),
            Payload::new(Payload::new(f64::NAN)),
        ]);
        let expected = r#"[true,1.5,"text",null,7,{"a":[1]},"2022-09-05T22:26:25.5Z",null]"#;
        assert_eq!(Registry::new().json(&payload).unwrap(), expected);
    }

    #[test]
    fn a_registration_takes_the_place_of_what_is_built_in() {
        let registry = Registry::new().register_json(|number: &i32| Ok(Payload::new(number.to_string())));
        assert_eq!(registry.json(&Payload::new(7)).unwrap(), "\"7\"");
    }

    #[test]
    fn text_and_bytes_are_themselves() {
        assert_eq!(
            Payload::new("a").into_response().header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let bytes = Payload::new(vec![1_u8]).into_response();
        assert_eq!(bytes.header("content-type"), Some("application/octet-stream"));
        let response = Payload::new(Response::new(StatusCode::ACCEPTED)).into_response();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
    }
}
