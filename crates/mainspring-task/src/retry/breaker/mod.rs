//! The circuit breaker: a state machine over outcomes and moments, and the handles around it.

mod circuit;
mod error;
mod handle;
mod keyed;
mod permit;
mod settings;
mod status;
mod window;

pub use error::{BreakerError, Refused};
pub use handle::Breaker;
pub use keyed::Breakers;
pub use permit::{Outcome, Permit};
pub use status::{State, Status};
