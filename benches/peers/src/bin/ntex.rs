//! ntex with one worker, on its own runtime neon (epoll).

use ntex::web::{self, App, HttpResponse};
use peers::{CONNECTIONS, Document, HELLO, listen};

#[ntex::main]
async fn main() -> std::io::Result<()> {
    web::server(async || {
        App::new().route("/", web::get().to(async || HELLO)).route(
            "/json",
            web::post().to(async |document: web::types::Json<Document>| {
                HttpResponse::Ok().json(&document.into_inner())
            }),
        )
    })
    .workers(1)
    .maxconn(CONNECTIONS)
    .listen(listen()?)?
    .run()
    .await
}
