//! The locks and flags that several threads meet at; in models they are loom's.

#[cfg(not(feature = "__loom"))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicBool};

#[cfg(feature = "__loom")]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicBool};
