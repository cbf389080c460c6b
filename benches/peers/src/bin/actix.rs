//! actix-web with one worker; no default features (compression and the like).

use actix_web::{App, HttpServer, web};
use peers::{CONNECTIONS, Document, HELLO, listen};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .route("/", web::get().to(|| async { HELLO }))
            .route("/json", web::post().to(|document: web::Json<Document>| async move { document }))
    })
    .workers(1)
    .max_connections(CONNECTIONS)
    .listen(listen()?)?
    .run()
    .await
}
