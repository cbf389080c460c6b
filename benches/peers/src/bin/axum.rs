//! axum with TCP_NODELAY: on a multi-thread runtime with one worker, its usual form, or with `current` on a
//! current-thread runtime.

use std::io;

use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use peers::{Document, HELLO, is, listen};
use tokio::runtime::Builder;

fn main() -> io::Result<()> {
    let mut builder = if is("current") { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(1).enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listen()?)?.tap_io(|stream| {
            // A connection that has gone already.
            let _ = stream.set_nodelay(true);
        });
        let app = Router::new()
            .route("/", get(|| async { HELLO }))
            .route("/json", post(|document: Json<Document>| async move { document }));
        axum::serve(listener, app).await
    })
}
