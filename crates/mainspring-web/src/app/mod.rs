//! The application: routes, the state they share, and its life.

#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod app;
mod assemble;
mod hooks;
mod life;
mod lifecycle;
mod on_response;

pub use app::App;

pub(crate) use lifecycle::{Failures, Lifecycle};
