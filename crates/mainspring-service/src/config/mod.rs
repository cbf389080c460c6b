#![doc = include_str!("../../docs/config.md")]

mod access;
mod address;
mod arguments;
mod byte_size;
mod document;
mod error;
mod fault;
mod field;
mod help;
mod layer;
mod live;
mod loaded;
mod loader;
mod origin;
mod path;
mod period;
mod print;
mod problem;
mod reader;
mod schema;
mod secret;
mod sources;
mod text;
mod tree;
mod variables;

pub use address::Address;
pub use byte_size::ByteSize;
pub use error::Error;
pub use field::{Config, Field, Invalid};
pub use live::{Changes, Live};
pub use loader::{Answer, Loader};
pub use period::Period;
pub use secret::Secret;
pub use sources::{Files, Sources};
pub use text::Unfit;
