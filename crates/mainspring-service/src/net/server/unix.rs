use std::future::Future;
use std::marker::PhantomData;
use std::path::PathBuf;

use crate::net::builders::builders;
use crate::net::{Connection, Listener, Options, Stream};
use crate::{Context, Outcome, Result, Service};

/// A service that runs a handler for each connection to a Unix socket.
///
/// The handler takes a [`Connection`], or the bare `UnixStream` of tokio, for which no idle time-out can be set.
///
/// A socket that a killed server has left is removed; one that another server listens on is not, and
/// fails the start, as does a path at which something else stands. At the end the path is removed, unless
/// somebody else has put something there meanwhile. [`Options::mode`] sets the permissions, before the
/// first connection can be made.
///
/// ```
/// use mainspring_service::{Entrypoint, net::{Connection, UnixServer}};
/// use tokio::io::AsyncWriteExt;
///
/// async fn hello(mut client: Connection) -> std::io::Result<()> {
///     client.write_all(b"hello\n").await
/// }
/// let path = std::env::temp_dir().join(format!("hello-{}.sock", std::process::id()));
/// Entrypoint::new("demo").service(UnixServer::bind(&path, hello)).run_until(async {}).unwrap();
/// assert!(!path.exists());
/// ```
pub struct UnixServer<H, S = Connection> {
    name: String,
    path: PathBuf,
    options: Options,
    handler: H,
    takes: PhantomData<fn(S)>,
}

impl<H, S, Fut> UnixServer<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A server at a path, bound when the service starts.
    #[track_caller]
    pub fn bind(path: impl Into<PathBuf>, handler: H) -> Self {
        let (name, path) = ("unix".to_owned(), path.into());
        UnixServer { name, path, options: Options::new(), handler, takes: PhantomData }
    }
}

impl<H, S, Fut> Service for UnixServer<H, S>
where
    S: Stream,
    H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let Some(path) = self.path.to_str() else {
            return Err(format!("the path {} is not Unicode", self.path.display()).into());
        };
        let listener = Listener::bind(cx, "stream", &format!("unix:{path}"), &self.options).await?;
        listener.check::<S>()?;
        cx.ready();
        listener.serve(cx, self.handler.clone()).await
    }
}

builders! {
    UnixServer<H, S>, "unix", shows path,
    /// How its connections are treated.
    options: Options
}
