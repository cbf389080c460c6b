//! The application: routes and shared state.

#[expect(clippy::module_inception, reason = "a file is named after the type it holds")]
mod app;

pub use app::App;
