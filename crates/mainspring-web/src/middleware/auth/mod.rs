//! Who asks.

mod basic;
mod bearer;
mod check;

pub use basic::{BasicAuth, Credentials};
pub use bearer::{BearerAuth, Token};
pub use check::{Checked, Identity};
