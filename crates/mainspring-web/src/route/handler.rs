//! Async functions of extractors as handlers.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::demands::Demands;
use super::reply::Reply;
use crate::request::{FromRequest, FromRequestParts, Request};
use crate::response::{IntoResponse, Response};

/// Answers requests: an async function (or closure) of up to eight extractors that gives an
/// [`IntoResponse`].
///
/// All arguments but the last are [`FromRequestParts`], the last is a [`FromRequest`]; they are taken in order.
/// When an extractor fails, its error is the answer and the function is not called. A function that takes
/// anything must be `Clone`, as functions and most closures are. The parameter `M` only keeps the
/// implementations apart.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error, Json, Path};
///
/// #[derive(serde::Serialize)]
/// struct User { id: u64 }
///
/// async fn user(Path(id): Path<u64>) -> Result<Json<User>, Error> {
///     if id == 0 {
///         return Err(Error::not_found("there is no user 0"));
///     }
///     Ok(Json(User { id }))
/// }
///
/// assert!(App::new().get("/users/{id}", user).build().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "must be an async function of extractors that gives an `IntoResponse`",
    note = "all arguments but the last must be `FromRequestParts`, the last `FromRequest`; the future must be `Send`"
)]
pub trait Handler<M>: Send + Sync + 'static {
    /// Puts the answer, or the future of it, into `reply`.
    fn call(&self, request: Request, reply: &mut Reply);

    /// Says what the app must provide; checked when the routes are built.
    fn demand(_demands: &mut Demands)
    where
        Self: Sized,
    {
    }
}

impl<F, Fut> Handler<()> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'static,
{
    #[inline]
    fn call(&self, request: Request, reply: &mut Reply) {
        drop(request);
        reply.future(Respond { future: self() });
    }
}

/// Implements [`Handler`] for functions of extractors: the parts, then the last.
macro_rules! handler {
    ($($part:ident)*; $last:ident) => {
        #[expect(clippy::allow_attributes, reason = "not every expansion has parts")]
        #[allow(non_snake_case, unused_mut, reason = "one name per extractor serves as its type and its value")]
        impl<F, Fut, Via, $($part,)* $last> Handler<(Via, $($part,)* $last)> for F
        where
            F: Fn($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoResponse> + Send + 'static,
            $($part: FromRequestParts + Send + 'static,)*
            $last: FromRequest<Via> + Send + 'static,
            Via: 'static,
        {
            #[inline]
            fn call(&self, mut request: Request, reply: &mut Reply) {
                let handler = self.clone();
                reply.future(async move {
                    $(let $part = match $part::from_request_parts(&mut request).await {
                        Ok(value) => value,
                        Err(error) => return error.into_response(),
                    };)*
                    let $last = match $last::from_request(request).await {
                        Ok(value) => value,
                        Err(error) => return error.into_response(),
                    };
                    handler($($part,)* $last).await.into_response()
                });
            }

            fn demand(demands: &mut Demands) {
                $($part::demand(demands);)*
                $last::demand(demands);
            }
        }
    };
}

handler!(; A);
handler!(A; B);
handler!(A B; C);
handler!(A B C; D);
handler!(A B C D; E);
handler!(A B C D E; G);
handler!(A B C D E G; H);
handler!(A B C D E G H; I);

pin_project! {
    /// The future of a handler with its output turned into an answer; no larger than the handler's own.
    pub(crate) struct Respond<F> {
        #[pin]
        pub(crate) future: F,
    }
}

impl<F: Future<Output: IntoResponse>> Future for Respond<F> {
    type Output = Response;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.project().future.poll(cx).map(IntoResponse::into_response)
    }
}

/// A handler whose types are forgotten.
pub(crate) trait Endpoint: Send + Sync + 'static {
    /// Begins to answer. What is not ready at once is left in `reply`, which is polled from then on.
    fn call(&self, request: Request, reply: &mut Reply, cx: &mut Context<'_>) -> Poll<Response>;
}

/// A handler together with the marker that its implementation is chosen by.
pub(crate) struct Typed<H, M> {
    handler: H,
    marker: PhantomData<fn() -> M>,
}

impl<H, M> Typed<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self { handler, marker: PhantomData }
    }
}

impl<H: Handler<M>, M: 'static> Endpoint for Typed<H, M> {
    fn call(&self, request: Request, reply: &mut Reply, cx: &mut Context<'_>) -> Poll<Response> {
        self.handler.call(request, reply);
        reply.poll(cx)
    }
}
