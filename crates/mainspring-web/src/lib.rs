//! The web chapter of Mainspring: an application of routes, the HTTP/1.1 engine under it and its server, which
//! speaks HTTP/2 as well.
//!
//! An [`App`] is a table of routes. A handler is an async function of *extractors* (what it wants from the
//! request) that gives anything which implements [`IntoResponse`]. An [`HttpServer`] is the service that
//! serves an app on an address; it runs inside the entrypoint beside all other services.
//!
//! The engine ([`http1`]) is a state machine over bytes. It knows neither sockets nor clocks, refuses every
//! request whose framing two readers could understand in two ways, and allocates nothing per header.
//!
//! # Examples
//!
//! ```
//! use mainspring_web::{App, HttpServer, Path};
//!
//! async fn hello(Path(name): Path<String>) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! let app = App::new().get("/", || async { "Meow." }).get("/hello/{name}", hello);
//! let server = HttpServer::bind("127.0.0.1:8080", app);
//! assert_eq!(server.address(), "127.0.0.1:8080");
//! ```
//!
//! | you want | see |
//! |---|---|
//! | routes, nested apps, their state and their life | [`App`], [`Route`] |
//! | something from the request | [`FromRequest`] and its implementations |
//! | to answer with something | [`IntoResponse`], [`payload`] |
//! | something around handlers | [`middleware`] |
//! | messages both ways, or to the browser | [`ws`], [`sse`], [`Hub`] |
//! | the files of a directory | [`Files`] |
//! | TLS, HTTP/2, a Unix socket | [`HttpServer`] |
//! | tower services and layers, axum's extractors | [`interop`] |
//!
//! What the defaults protect from: heads above 64 KiB, more than 100 headers and bodies above 2 MiB are
//! refused ([`Limits`]); clients that stall are closed ([`Timeouts`]).

mod app;
mod error;
mod extensions;
pub mod http1;
mod http2;
mod hub;
pub mod interop;
pub mod middleware;
pub mod payload;
mod request;
mod response;
mod route;
mod server;
pub mod sse;
mod static_files;
pub mod ws;

#[cfg(feature = "headers")]
#[doc(no_inline)]
pub use ::headers;
#[cfg(feature = "cookies")]
#[doc(no_inline)]
pub use cookie::{Cookie, SameSite};
#[doc(no_inline)]
pub use http::{Method, StatusCode};

pub use app::App;
pub use error::Error;
pub use http1::Limits;
pub use hub::{Hub, Listener, Missed};
pub use middleware::{Middleware, Next};
#[doc(inline)]
pub use payload::{Body, Html, Json, JsonLines, Streaming, Text, Upgraded};
#[cfg(feature = "cookies")]
pub use request::Cookies;
#[cfg(feature = "headers")]
pub use request::Header;
pub use request::{
    Extension, Form, Forwarded, FromRequest, FromRequestParts, Headers, Host, Limited, MatchedPath,
    OptionalFromRequest, OptionalFromRequestParts, OriginalPath, Path, PeerAddr, Query, RawQuery, Request,
    State, TrustedProxies, ViaParts, ViaRequest,
};
#[cfg(feature = "multipart")]
pub use request::{Multipart, MultipartForm, MultipartLimits, Part, UploadedFile};
#[doc(inline)]
pub use request::{conditional, range};
#[cfg(feature = "cookies")]
pub use response::SetCookie;
pub use response::{Attachment, Created, IntoResponse, NoContent, Problem, Redirect, Response, ResponsePart};
pub use route::{Demands, Handler, Methods, Reply, Route, RouteError, Routes, Slashes, States, Url, Urls};
pub use server::{HttpServer, Timeouts};
pub use static_files::{Files, ViaFiles};
