//! Server-sent events (HTML Living Standard §9.2): a stream of messages to a browser's `EventSource`.
//!
//! # Examples
//!
//! ```
//! use futures_util::stream;
//! use mainspring_web::sse::{Event, Events, LastEventId};
//! use mainspring_web::{App, Error};
//!
//! async fn count(LastEventId(last): LastEventId) -> Events {
//!     let start: u32 = last.and_then(|id| id.parse().ok()).map_or(0, |id: u32| id + 1);
//!     Events::new(stream::iter((start..10).map(|n| {
//!         Ok::<_, Error>(Event::new("tick").id(n.to_string()))
//!     })))
//! }
//!
//! assert!(App::new().get("/count", count).build().is_ok());
//! ```

mod event;
mod events;
mod last_event_id;

pub use event::Event;
pub use events::Events;
pub use last_event_id::LastEventId;
