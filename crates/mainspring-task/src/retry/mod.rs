//! Calls that may fail: how to stop making those that will.
//!
//! | wanted | take |
//! |---|---|
//! | to spare a backend that is down, and not to wait for it | [`Breaker`] |
//! | the same, for each backend, tenant or route by itself | [`Breakers`] |

mod breaker;

pub use breaker::{Breaker, BreakerError, Breakers, Outcome, Permit, Refused, State, Status};
