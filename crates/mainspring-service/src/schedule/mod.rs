//! Work that comes round.

mod periodic;

pub use periodic::Periodic;
