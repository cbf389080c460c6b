//! Doing several things at once: gathering, waiting, racing, and groups of tasks.
//!
//! | to | use | what becomes of the rest |
//! |---|---|---|
//! | have all values, or the first error | [`gather`] | after an error they run on |
//! | have every outcome | [`gather_settled`] | |
//! | wait for some of your tasks, and keep the handles | [`wait`] | they run on |
//! | take outcomes as they come | [`as_completed`] | they run on |
//! | have the first to end | [`select`] | they are cancelled, and awaited |
//! | have the first that succeeds | [`race_ok`] | they are cancelled, and awaited |
//! | have no more use for a future | [`stop`] | |
//! | run tasks that end with this block | [`scope()`] | at an error they are cancelled, and awaited |
//!
//! **Who owns what.** [`gather`] and [`scope()`] spawn tasks that are theirs: when they are cancelled,
//! so are those, and waited for; when they are dropped from outside, those are cancelled and clean
//! up by themselves. [`select`] and [`race_ok`] spawn nothing and poll their futures in place.
//! [`wait`] and [`as_completed`] look on: the tasks they are given are never cancelled by them.
//!
//! A [`Task`](crate::Task) is a future of `Result<T, TaskError>` and passes wherever a future does.
//!
//! Everything here cancels by [the one mechanism](crate::cancel): guards run, within their grace,
//! before the combinator returns.

mod as_completed;
mod branch;
mod children;
mod gather;
mod race;
pub mod scope;
mod select;
mod until;
mod wait;

pub use as_completed::{Completions, TimedCompletions, as_completed};
pub use branch::stop;
pub use gather::{Gather, Gathering, Many, Several, gather, gather_settled};
pub use race::{RaceOk, race_ok};
#[doc(inline)]
pub use scope::scope;
pub use select::{Select, SelectAndLeave, Selected, select};
pub use until::Until;
pub use wait::{Wait, Waited, wait};
