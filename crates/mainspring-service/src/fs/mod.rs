//! Files, off the threads that poll tasks.
//!
//! [`open`] takes a path and a [`Mode`], or its short form: `r`, `w`, `a`, `x`, with `+` for both
//! ways. The calls of the system are made on [`Pool::io`](mainspring_task::blocking::Pool::io).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use std::io::SeekFrom;
//! use mainspring_service::fs;
//!
//! # let path = std::env::temp_dir().join(format!("mainspring-fs-{}", std::process::id()));
//! let mut file = fs::open(&path, "w+").await?;
//! file.write("Hello").await?;
//! file.write(" ").await?;
//! file.write("world").await?;
//! file.seek(SeekFrom::Start(0)).await?;
//! assert_eq!(file.read_to_string().await?, "Hello world");
//! file.close().await?;
//! # std::fs::remove_file(path)
//! # }
//! ```
//!
//! # Buffers
//!
//! A [`File`] reads ahead and writes behind, 64 KiB each: a short read or write is a copy in memory,
//! and a thread is asked only when the buffer is empty or full. [`File::flush`], [`File::sync`] and
//! [`File::close`] bring what is buffered to the file and tell of errors. A file that is dropped is
//! flushed too, by a task of its own; an error then only goes to the log.
//!
//! # Whole files
//!
//! [`read`], [`read_to_string`] and [`write`](write()) are one job each. [`write_atomic`] replaces a file so
//! that a reader, or a crash, sees the old content or the new, and nothing between.
//!
//! Errors are [`io::Error`](std::io::Error)s of the usual kinds that name the path.

mod atomic;
mod backend;
mod buffers;
mod error;
mod file;
mod lines;
mod mode;
mod options;
mod whole;

pub use atomic::write_atomic;
pub use backend::Compression;
pub use file::File;
pub use lines::Lines;
pub use mode::{IntoMode, Mode};
pub use options::{Options, open};
pub use whole::{read, read_to_string, write};
