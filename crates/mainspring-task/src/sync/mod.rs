//! What tokio's synchronisation lacks. For the rest use [`tokio::sync`].

mod shared;

pub use shared::Shared;
