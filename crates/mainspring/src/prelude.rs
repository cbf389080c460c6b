//! What most programs use: `use mainspring::prelude::*;`.

pub use std::time::Duration;

pub use mainspring_observe::log::Log;
pub use mainspring_service::net::{Connection, Datagram, TcpServer, TlsServer, UdpServer, UnixServer};
pub use mainspring_service::schedule::{Cron, Periodic};
pub use mainspring_service::service::{Configure, OnFailure, Restart};
pub use mainspring_service::{Context, Entrypoint, Result, Runtime, Service};
pub use mainspring_task::cancel::{finally, shield};
pub use mainspring_task::time::timeout;
pub use mainspring_task::{
    Shared, Task, TaskError, Until, all_tasks, as_completed, context_var, current_task, gather,
    gather_settled, scope, select, spawn, threaded, wait,
};
pub use mainspring_web::{
    App, HttpServer, IntoResponse, Json, Path, Query, Request, Response, Route, State, Text,
};
