//! Writes values as JSON, type by type.

use http::StatusCode;

use super::builtin::leaf;
use super::payload::{Entries, Payload};
use super::registry::Registry;
use crate::error::Error;

/// Deeper values are refused: most likely a conversion gives its own type again.
const DEPTH: usize = 128;

/// The document so far, and the way to the value at work.
pub(super) struct Writer<'a> {
    registry: &'a Registry,
    out: Vec<u8>,
    path: String,
    depth: usize,
}

impl<'a> Writer<'a> {
    /// Writes a value and all that it holds.
    pub(super) fn write(registry: &'a Registry, payload: &Payload) -> Result<Vec<u8>, Error> {
        let mut writer = Self { registry, out: Vec::with_capacity(1024), path: String::new(), depth: 0 };
        writer.value(payload)?;
        Ok(writer.out)
    }

    fn value(&mut self, payload: &Payload) -> Result<(), Error> {
        if self.depth == DEPTH {
            let (name, path) = (payload.type_name(), &self.path);
            return Err(wrong(format!("the value `{path}` of type `{name}` is nested too deep for JSON")));
        }
        self.depth += 1;
        let written = self.descend(payload);
        self.depth -= 1;
        written
    }

    fn descend(&mut self, payload: &Payload) -> Result<(), Error> {
        let document = self.registry.find((*payload.value).type_id());
        if let Some(converted) = document.and_then(|convert| convert(&*payload.value)) {
            return self.value(&converted?);
        }
        if let Some(Entries(entries)) = payload.downcast_ref() {
            return self.map(entries);
        }
        if let Some(values) = payload.downcast_ref::<Vec<Payload>>() {
            return self.list(values);
        }
        match leaf(payload, &mut self.out) {
            Some(written) => written.map_err(|error| wrong(format!("`{}` is no JSON: {error}", self.path))),
            None => Err(unknown(payload, &self.path)),
        }
    }

    fn map(&mut self, entries: &[(String, Payload)]) -> Result<(), Error> {
        self.out.push(b'{');
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            serde_json::to_writer(&mut self.out, name).map_err(|error| wrong(error.to_string()))?;
            self.out.push(b':');
            self.within(name, value)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn list(&mut self, values: &[Payload]) -> Result<(), Error> {
        self.out.push(b'[');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.within(&format!("[{at}]"), value)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A value inside of this one.
    fn within(&mut self, name: &str, payload: &Payload) -> Result<(), Error> {
        let length = self.path.len();
        if length > 0 && !name.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(name);
        let value = self.value(payload);
        self.path.truncate(length);
        value
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
