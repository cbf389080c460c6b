//! Reads a struct with files in it.
//!
//! What serde moves is numbers and text. So a file travels as its number, under a type name that only our
//! deserializer knows, and is taken from a table of the thread; reading is synchronous, so the table is there from
//! its begin to its end.

use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};

use super::file::UploadedFile;
use crate::error::Error;
use crate::request::values::{ByName, FILE, Value};

thread_local! {
    static FILES: RefCell<Vec<Option<UploadedFile>>> = const { RefCell::new(Vec::new()) };
}

/// Puts another table in place until it is dropped.
struct Table(Vec<Option<UploadedFile>>);

impl Table {
    fn set(files: Vec<UploadedFile>) -> Self {
        Self(FILES.replace(files.into_iter().map(Some).collect()))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        drop(FILES.replace(std::mem::take(&mut self.0)));
    }
}

/// Reads a form; a value that is a file names its place in `files`.
pub(super) fn read<T: DeserializeOwned>(
    values: Vec<Value<'_>>,
    files: Vec<UploadedFile>,
) -> Result<T, Error> {
    let _table = Table::set(files);
    T::deserialize(ByName(values)).map_err(|error| Error::bad_request(format!("bad form: {error}")))
}

impl<'de> Deserialize<'de> for UploadedFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FILE, Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = UploadedFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file of a multipart form")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<UploadedFile, E> {
        let place = usize::try_from(number).map_err(E::custom)?;
        let file = FILES.with_borrow_mut(|files| files.get_mut(place).and_then(Option::take));
        file.ok_or_else(|| E::custom("the file is not there, or was taken already"))
    }
}
