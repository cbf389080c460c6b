//! What a process is: an entrypoint that starts services, runs them and stops them.
//!
//! A [`Service`] is anything with a `start`, and perhaps a `stop`; a closure will do. An
//! [`Entrypoint`] takes the services, makes the runtime, starts them, waits for a signal or a
//! failure, and stops them in the reverse order, with a bound on how long that may take.
//!
//! ```
//! use mainspring_service::{Entrypoint, net::{Connection, TcpServer}};
//! use tokio::io::AsyncWriteExt;
//!
//! let greeter = TcpServer::bind("127.0.0.1:0", |mut client: Connection| async move {
//!     client.write_all(b"hello\n").await
//! });
//! let answer = Entrypoint::new("greeter").service(greeter).run_until(async { 42 });
//! assert_eq!(answer.unwrap(), 42);
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`entrypoint`] | [`Entrypoint`], [`Running`], the way a process starts and ends |
//! | [`service`](mod@service) | [`Service`], [`Context`], [`Stopping`] |
//! | [`runtime`] | [`Runtime`], the choice of threads |
//! | [`config`] | [`config::Loader`]: settings from a file, the environment and the command line |
//! | [`fs`] | [`fs::open`] and [`fs::File`], whole files, atomic replacement |
//! | [`net`] | the servers and clients over TCP, TLS, Unix sockets and UDP, and the listener under them |
//! | [`pool`] | [`Pool`](pool::Pool), a pool of anything |
//! | [`process`] | [`Child`](process::Child), [`WorkerPool`](process::WorkerPool); not on Windows |
//! | [`schedule`] | [`Periodic`](schedule::Periodic), [`Cron`](schedule::Cron) |

pub mod config;
pub mod entrypoint;
mod error;
pub mod fs;
#[cfg(unix)]
mod named_socket;
pub mod net;
pub mod pool;
#[cfg(unix)]
pub mod process;
pub mod runtime;
pub mod schedule;
pub mod service;
mod signal;

#[doc(inline)]
pub use entrypoint::{Entrypoint, Launch, Running, launch};
pub use error::{BoxError, Error, Result};
#[doc(inline)]
pub use runtime::Runtime;
#[doc(inline)]
pub use service::{Context, Outcome, Service, Services, Stopping, service};
