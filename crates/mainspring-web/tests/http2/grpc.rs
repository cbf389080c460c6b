//! gRPC: a server of tonic as a part of an app, and the client of tonic.

use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::iter;
use mainspring_service::Running;
use mainspring_web::App;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::{BOUND, Client, get, start};

/// Knows one service, which fails after it was seen three times.
struct Cat;

#[tonic::async_trait]
impl Health for Cat {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.get_ref().service.as_str() {
            "cat" => Ok(Response::new(serving())),
            other => Err(Status::not_found(format!("nobody knows {other}"))),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let last = match request.get_ref().service.as_str() {
            "cat" => None,
            other => Some(Err(Status::resource_exhausted(format!("{other} has fallen asleep")))),
        };
        let seen = iter((0..3).map(|_| Ok(serving())).chain(last));
        Ok(Response::new(Box::pin(seen)))
    }
}

fn serving() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

/// A client of the server that is mounted at the root, beside a page.
async fn connect() -> (Running, HealthClient<Channel>) {
    let app = App::new().get("/page", || async { "Meow." }).mount("/", HealthServer::new(Cat));
    let (running, address) = start(app).await;
    let mut plain = Client::connect(address).await;
    assert_eq!(plain.ask(get("/page")).await.text(), "Meow.");
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("it is a URI");
    let channel = endpoint.timeout(BOUND).connect().await.expect("the server accepts");
    (running, HealthClient::new(channel))
}

async fn stop(running: Running, client: HealthClient<Channel>) {
    drop(client);
    timeout(BOUND, running.stop()).await.expect("in time").expect("it stops in order");
}

#[tokio::test]
async fn a_unary_call_is_answered() {
    let (running, mut client) = connect().await;
    let answer = client.check(of("cat")).await.expect("it is known");
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    stop(running, client).await;
}

#[tokio::test]
async fn an_error_of_a_unary_call_keeps_its_code_and_message() {
    let (running, mut client) = connect().await;
    let status = client.check(of("dog")).await.expect_err("it is not known");
    assert_eq!((status.code(), status.message()), (Code::NotFound, "nobody knows dog"));
    stop(running, client).await;
}

#[tokio::test]
async fn a_server_stream_comes_to_its_end() {
    let (running, mut client) = connect().await;
    let mut seen = client.watch(of("cat")).await.expect("it is known").into_inner();
    for _ in 0..3 {
        assert_eq!(
            seen.message().await.expect("no error").map(|seen| seen.status()),
            Some(ServingStatus::Serving)
        );
    }
    assert_eq!(seen.message().await.expect("no error"), None);
    let trailers = seen.trailers().await.expect("no error").expect("gRPC ends with trailers");
    assert!(trailers.get("grpc-status").is_none_or(|status| status == "0"), "{trailers:?}");
    stop(running, client).await;
}

#[tokio::test]
async fn an_error_in_the_trailers_of_a_stream_comes_behind_its_messages() {
    let (running, mut client) = connect().await;
    let mut seen = client.watch(of("tom")).await.expect("the error comes later").into_inner();
    for _ in 0..3 {
        assert!(seen.message().await.expect("no error yet").is_some());
    }
    let status = seen.message().await.expect_err("the stream fails");
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "tom has fallen asleep"));
    stop(running, client).await;
}

#[tokio::test]
async fn a_prefix_is_a_part_of_the_client_s_origin() {
    let (running, address) = start(App::new().mount("/rpc", HealthServer::new(Cat))).await;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("it is a URI");
    let channel = endpoint.timeout(BOUND).connect().await.expect("the server accepts");
    let origin = format!("http://{address}/rpc").parse().expect("it is a URI");
    let mut client = HealthClient::with_origin(channel, origin);
    assert!(client.check(of("cat")).await.is_ok());
    stop(running, client).await;
}
