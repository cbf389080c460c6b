//! salvo on a current-thread runtime.

use std::io;

use peers::{Document, HELLO, port};
use salvo::http::ParseError;
use salvo::prelude::*;

#[handler]
async fn hello() -> &'static str {
    HELLO
}

#[handler]
async fn echo(request: &mut Request) -> Result<Json<Document>, ParseError> {
    request.parse_json().await.map(Json)
}

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let router = Router::new().get(hello).push(Router::with_path("json").post(echo));
        Server::new(TcpListener::new(("127.0.0.1", port())).bind().await).try_serve(router).await
    })
}
