//! Values whose type is known only at run time, and how they become answers.
//!
//! A [`Payload`] holds a value of any type. When it is an answer, a [`Registry`] is asked what to do with that
//! type: [`register`] says what answer it makes, [`register_json`] how it is written as JSON, alone or anywhere
//! inside a map or a list. The registry of the process is the default; an app may have one of its own
//! ([`Registry`] is a middleware), which is asked first.

mod builtin;
mod json;
mod payload;
#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod registry;

pub use payload::Payload;
pub use registry::{Registry, register, register_json, register_serialize};
