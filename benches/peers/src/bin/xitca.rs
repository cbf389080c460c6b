//! xitca-web with one worker.

use peers::{Document, HELLO, listen};
use xitca_web::App;
use xitca_web::handler::{handler_service, json::Json};
use xitca_web::route::{get, post};

fn main() -> std::io::Result<()> {
    App::new()
        .at("/", get(handler_service(async || HELLO)))
        .at("/json", post(handler_service(async |document: Json<Document>| document)))
        .serve()
        .worker_threads(1)
        .listen(listen()?)?
        .run()
        .wait()
}
