//! Bare hyper without routing: a current-thread runtime with a `LocalSet`, TCP_NODELAY, `pipeline_flush`.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use peers::{Document, HELLO, listen};

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (kind, body) = match (request.method(), request.uri().path()) {
        (&Method::POST, "/json") => match echo(request).await {
            Some(body) => ("application/json", body),
            None => return Ok(status(StatusCode::BAD_REQUEST)),
        },
        (&Method::GET, "/") => ("text/plain; charset=utf-8", Bytes::from_static(HELLO.as_bytes())),
        _ => return Ok(status(StatusCode::NOT_FOUND)),
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

async fn echo(request: Request<Incoming>) -> Option<Bytes> {
    let body = request.into_body().collect().await.ok()?.to_bytes();
    let document: Document = serde_json::from_slice(&body).ok()?;
    Some(serde_json::to_vec(&document).ok()?.into())
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

async fn serve() -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listen()?)?;
    let mut server = http1::Builder::new();
    server.pipeline_flush(true);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = server.serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::task::spawn_local(async move {
            // Clients come and go.
            let _ = connection.await;
        });
    }
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve())
}
