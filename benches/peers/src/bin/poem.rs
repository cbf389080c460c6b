//! poem on a current-thread runtime.

use std::io;

use peers::{Document, HELLO, port};
use poem::listener::TcpListener;
use poem::web::Json;
use poem::{Route, Server, get, handler, post};

#[handler]
async fn hello() -> &'static str {
    HELLO
}

#[handler]
async fn echo(document: Json<Document>) -> Json<Document> {
    document
}

fn main() -> io::Result<()> {
    let app = Route::new().at("/", get(hello)).at("/json", post(echo));
    let server = Server::new(TcpListener::bind(("127.0.0.1".to_owned(), port()))).run(app);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(server)
}
