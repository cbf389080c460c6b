//! Websockets over real sockets, against the frame codec of another implementation.
//!
//! The modules follow the chapters of the Autobahn test suite; a test is named after its case there.

mod close;
mod compression;
mod framing;
mod layers;
mod life;
mod pings;
mod support;
mod text;
