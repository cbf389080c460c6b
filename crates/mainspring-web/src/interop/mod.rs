//! Where tower, axum and tonic meet this crate.
//!
//! | have | want | use |
//! |---|---|---|
//! | an [`App`](crate::App) | a tower service (under hyper, in tests) | [`AppService`] |
//! | a tower service (an axum `Router`, a tonic server) | a part of an app | [`App::mount`](crate::App::mount) |
//! | a tower layer (tower-http) | a middleware | [`tower_layer()`] |
//! | an extractor or answer of axum | an argument or answer of a handler | `Axum` (feature `axum`) |
//!
//! Requests and answers cross the border as those of the `http` crate with [`Body`](crate::Body) as their body.

#[cfg(feature = "axum")]
mod axum;
mod layer;
mod limited;
mod mount;
mod service;

#[cfg(feature = "axum")]
pub use self::axum::Axum;
pub use layer::{TowerLayer, TowerNext, tower_layer};
pub use service::{AppFuture, AppService};
