//! From an open file to an answer.

use std::time::UNIX_EPOCH;

use http::StatusCode;

use super::files::Settings;
use super::lookup::{Content, Opened};
use super::parts::{cut, multipart};
use crate::error::Error;
use crate::payload::Body;
use crate::request::conditional::{ETag, Preconditions, Validators};
use crate::request::range::{Selection, content_range, unsatisfied_range};
use crate::response::Response;

/// Answers with the file, a part of it, or that the client has it already.
pub(super) fn answer(
    settings: &Settings,
    preconditions: &Preconditions,
    opened: Opened,
) -> Result<Response, Error> {
    let validators = validators(&opened)?;
    if let Some(status) = preconditions.evaluate(&validators).status() {
        return described(Response::new(status), settings, &opened, &validators);
    }
    let kind = content_type(&opened);
    let length = opened.length;
    let (status, range, body, kind) = match preconditions.select(&validators, length) {
        Selection::Whole => (StatusCode::OK, None, cut(&opened.content, 0..length)?, kind),
        Selection::Part(part) => {
            let range = content_range(&part, length);
            (StatusCode::PARTIAL_CONTENT, Some(range), cut(&opened.content, part)?, kind)
        }
        Selection::Parts(parts) => {
            let (body, kind) = multipart(take(&opened)?, &parts, length, &kind)?;
            (StatusCode::PARTIAL_CONTENT, None, body, kind)
        }
        Selection::Unsatisfiable => {
            let range = Some(unsatisfied_range(length));
            (StatusCode::RANGE_NOT_SATISFIABLE, range, Body::empty(), kind)
        }
    };
    let mut response = Response::new(status).with_body(body);
    response.insert("content-type", kind)?;
    if let Some(range) = range {
        response.insert("content-range", range)?;
    }
    described(response, settings, &opened, &validators)
}

/// Another handle of the same content.
fn take(opened: &Opened) -> Result<Content, Error> {
    Ok(match &opened.content {
        Content::Bytes(bytes) => Content::Bytes(bytes.clone()),
        Content::File(file) => Content::File(file.try_clone()?),
    })
}

/// Adds what is said of the file whatever part of it is sent.
fn described(
    response: Response,
    settings: &Settings,
    opened: &Opened,
    validators: &Validators,
) -> Result<Response, Error> {
    let mut response = validators.apply(response)?;
    response.insert("accept-ranges", "bytes")?;
    response.insert("x-content-type-options", "nosniff")?;
    if let Some(coding) = opened.coding {
        response.insert("content-encoding", coding.name())?;
    }
    if opened.negotiated {
        response.insert("vary", "accept-encoding")?;
    }
    if let Some(cache) = &settings.cache_control {
        response.insert("cache-control", cache)?;
    }
    Ok(response)
}

/// Time of change and size, and the coding: siblings are other bytes.
fn validators(opened: &Opened) -> Result<Validators, Error> {
    let Some(modified) = opened.modified else { return Ok(Validators::new()) };
    let nanos = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let coding = opened.coding.map(|coding| coding.name()).unwrap_or_default();
    let etag = ETag::strong(format!("{nanos:x}-{:x}{coding}", opened.length))?;
    Ok(Validators::new().with_etag(etag).with_last_modified(modified))
}

fn content_type(opened: &Opened) -> String {
    let kind = mime_guess::from_path(&opened.name).first_raw().unwrap_or("application/octet-stream");
    let is_text = kind.starts_with("text/") || matches!(kind, "application/javascript" | "image/svg+xml");
    if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}
