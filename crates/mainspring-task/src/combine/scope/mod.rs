//! Scopes: tasks that end with the block they were spawned in.
//!
//! [`scope()`] runs a body and hands it a [`Scope`], on which tasks are spawned: its *children*. It
//! returns when the body and all children have ended, those too that children have spawned on the
//! way. A [`Scope`] is a handle: clone it into a child that spawns siblings.
//!
//! | what happens | what becomes of it |
//! |---|---|
//! | a child ends with `Err`, or panics | body and siblings are cancelled, and waited for; [`ScopeError`] |
//! | the body ends with `Err` | the children are cancelled, and waited for; [`ScopeError`] |
//! | the body panics | the same; the panic goes on when the children have ended |
//! | a child is cancelled by itself | nothing: that is no failure |
//! | the scope is cancelled | the body, then the children; the cancellation goes on, unless a child fails meanwhile: then [`ScopeError`] |
//! | the scope is dropped from outside | the children are cancelled, and clean up by themselves |
//! | a child is spawned after a failure, a cancellation or the end | it is [refused](Failure::is_refused) |
//!
//! All failures are kept, in the order in which they came, and always in a [`ScopeError`], even a
//! single one. [`Scope::builder`] has the options: a limit, another policy, a grace.

mod builder;
mod child;
mod core;
mod error;
mod failure;
mod handle;
mod outcome;
mod run;

pub use builder::{Builder, Policy};
pub use child::{Child, Ready};
pub use error::ScopeError;
pub use failure::Failure;
pub use handle::Scope;
pub use outcome::Outcome;
pub use run::scope;
