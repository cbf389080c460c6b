//! The handler.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use mainspring_task::threaded;

use super::answer::answer;
use super::listing::page;
use super::lookup::{Found, find};
use super::path::relative;
use crate::error::Error;
use crate::request::Request;
use crate::request::coding::{Accepted, Coding};
use crate::request::conditional::Preconditions;
use crate::response::{IntoResponse, Response};
use crate::route::{Handler, Reply};

/// Serves the files of a directory: a handler for a route with a tail.
///
/// It answers conditional requests (`etag`, `last-modified`), ranges (one and several), and sends a `.br`, `.zst`
/// or `.gz` sibling to clients that take it. Only regular files are served. Nothing outside of the directory can
/// be reached, by no spelling of `..` and by no link; what is not there, and what must not be reached, is 404.
///
/// | setting | default |
/// |---|---|
/// | [`index`](Self::index) | `index.html` |
/// | [`listing`](Self::listing) | off: a directory without an index is 404 |
/// | [`hidden`](Self::hidden) | off: names that begin with a dot are 404 |
/// | [`precompressed`](Self::precompressed) | on |
/// | [`follow_links`](Self::follow_links) | off: links may only lead to what is inside |
/// | [`cache_control`](Self::cache_control) | not sent |
/// | [`fallback`](Self::fallback) | none |
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Files};
///
/// # let directory = std::env::temp_dir();
/// let assets = Files::open(directory).unwrap().cache_control("public, max-age=3600");
/// let app = App::new().get("/static/", assets.clone()).get("/static/{*path}", assets);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    settings: Arc<Settings>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) root: PathBuf,
    pub(super) index: Option<String>,
    pub(super) listing: bool,
    pub(super) hidden: bool,
    pub(super) precompressed: bool,
    pub(super) follow_links: bool,
    pub(super) cache_control: Option<String>,
    pub(super) fallback: Option<PathBuf>,
}

impl Files {
    /// The files of this directory.
    ///
    /// # Errors
    ///
    /// When it is not there or no directory; the message names it.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let root = directory.into();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", root.display()));
        if !root.metadata().map_err(named)?.is_dir() {
            return Err(named(io::ErrorKind::NotADirectory.into()));
        }
        let settings = Settings {
            root,
            index: Some("index.html".to_owned()),
            listing: false,
            hidden: false,
            precompressed: true,
            follow_links: false,
            cache_control: None,
            fallback: None,
        };
        Ok(Self { settings: Arc::new(settings) })
    }

    /// The file that stands for its directory; `None` for none.
    #[must_use]
    pub fn index(self, name: impl Into<Option<&'static str>>) -> Self {
        let name = name.into().map(ToOwned::to_owned);
        self.set(|settings| settings.index = name)
    }

    /// Whether a directory without an index is shown as a page of links.
    #[must_use]
    pub fn listing(self, on: bool) -> Self {
        self.set(|settings| settings.listing = on)
    }

    /// Whether files whose names begin with a dot are served.
    #[must_use]
    pub fn hidden(self, on: bool) -> Self {
        self.set(|settings| settings.hidden = on)
    }

    /// Whether compressed siblings are sent to clients that take them.
    #[must_use]
    pub fn precompressed(self, on: bool) -> Self {
        self.set(|settings| settings.precompressed = on)
    }

    /// Whether links are followed out of the directory. Whoever may make a link there then chooses what is served.
    #[must_use]
    pub fn follow_links(self, on: bool) -> Self {
        self.set(|settings| settings.follow_links = on)
    }

    /// The value of `cache-control`: `public, max-age=31536000, immutable` for names that hold a hash, say.
    #[must_use]
    pub fn cache_control(self, value: impl Into<String>) -> Self {
        let value = value.into();
        self.set(|settings| settings.cache_control = Some(value))
    }

    /// The file, relative to the directory, that is sent in place of one that is not there: the page of an
    /// application that has its own routes in the browser.
    #[must_use]
    pub fn fallback(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.set(|settings| settings.fallback = Some(path))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    async fn serve(self, request: Request) -> Result<Response, Error> {
        let path = tail(&request).to_owned();
        let slashed = path.ends_with('/') || path.is_empty();
        let Some(relative) = relative(&path, self.settings.hidden) else {
            // It can mean no file: not even the fallback answers it.
            return Err(Error::not_found(NOTHING));
        };
        let codings = Accepted::all(&request, &SIBLINGS);
        let settings = Arc::clone(&self.settings);
        let found = threaded(move || find(&settings, &relative, slashed, &codings)).await??;
        match found {
            Found::File(opened) => answer(&self.settings, &Preconditions::of(&request), opened),
            Found::Listing(entries) => Ok(page(request.path(), &entries).into_response()),
            Found::Unslashed => {
                let query = request.query().map(|query| format!("?{query}")).unwrap_or_default();
                let location = format!("{}/{query}", request.path());
                Response::new(StatusCode::PERMANENT_REDIRECT).with_header("location", location)
            }
            Found::Missing => Err(Error::not_found(NOTHING)),
            Found::Denied => Err(Error::new(StatusCode::FORBIDDEN, "this file must not be read")),
        }
    }
}

/// Made once, so the smallest outcome is the best.
const SIBLINGS: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];
const NOTHING: &str = "there is no such file";

/// The part of the path that names the file: the route's tail, or all of it where no route matched.
fn tail(request: &Request) -> &str {
    match request.pattern() {
        None => request.path().strip_prefix('/').unwrap_or_default(),
        Some(pattern) if pattern.ends_with('}') => request.params().last().map_or("", |(_, value)| value),
        Some(_) => "",
    }
}

/// Tells the implementation for [`Files`] from those for functions.
#[derive(Debug)]
pub enum ViaFiles {}

impl Handler<ViaFiles> for Files {
    fn call(&self, request: Request, reply: &mut Reply) {
        let files = self.clone();
        reply.future(async move { files.serve(request).await.into_response() });
    }
}
