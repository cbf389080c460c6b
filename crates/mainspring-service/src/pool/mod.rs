//! A pool of anything that is dear to make: connections, sessions, buffers, compiled models.
//!
//! A [`Pool`] makes an item when one is asked for and none is idle, hands it out as a [`Guard`],
//! and takes it back when the guard is dropped. There are never more than `max` items alive,
//! counting those that are being made, checked and destroyed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use mainspring_service::pool::Pool;
//!
//! let pool = Pool::builder(|| async { Ok::<_, std::io::Error>(String::new()) }).max(2).build();
//! let mut text = pool.acquire().await.unwrap();
//! text.push_str("borrowed");
//! drop(text);
//! assert_eq!(*pool.acquire().await.unwrap(), "borrowed");
//! assert_eq!(pool.stats().created, 1);
//! # }
//! ```
//!
//! # Seats
//!
//! Whoever asks waits for one of `max` *seats*, first come, first served, and keeps it for as long
//! as the item is borrowed. With a seat, an idle item is taken (the one used last, so that a pool
//! that is too large shrinks) or a new one is made. A seat cannot be lost: a failed or cancelled
//! making gives it to the next in line, and so does a cancelled wait.
//!
//! # The life of an item
//!
//! * **Made** by the builder's first argument, within the time-out of the acquire that needs it, or within
//!   the same time if it is made to keep `min` alive.
//! * **Checked** each time before it is handed out again, if there is a [check](Builder::check).
//!   One that fails is destroyed and the next is tried.
//! * **Destroyed** by the [destroy](Builder::destroy) future, or by its drop: when a check fails,
//!   when it is [discarded](Guard::discard), when it was borrowed by a thread that panics, when a
//!   check of it was cancelled half way, when it has been idle for too long or is too old, and when
//!   the pool closes. It counts as alive until that is over.
//!
//! A task of the pool's own destroys what has expired and keeps `min` items alive. It starts with
//! the first acquire and ends with the pool.
//!
//! # Closing
//!
//! [`Pool::close`] refuses new borrowers, destroys what is idle, and waits for the borrowed items
//! within a bound. Dropping the last handle does the same without waiting. A pool is also a
//! [`Service`](crate::Service): given to an entrypoint it is filled at the start and closed at the
//! end.

mod builder;
mod core;
mod error;
mod guard;
mod handle;
mod hooks;
mod item;
mod stats;
mod tend;

pub use builder::Builder;
pub use error::{AcquireError, Unreturned};
pub use guard::Guard;
pub use handle::Pool;
pub use stats::Stats;
