use std::future::Future;
use std::pin::Pin;

use super::{Closure, Context, Outcome, Policy, Service, service};
use crate::Result;

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result> + Send + 'a>>;

/// [`Service`] without its type, so that services of all kinds stand in one list.
pub(crate) trait Erased: Send {
    fn name(&self) -> String;
    fn policy(&self) -> Policy;
    fn start<'a>(&'a mut self, cx: &'a Context) -> BoxFuture<'a>;
    fn stop<'a>(&'a mut self, cx: &'a Context) -> BoxFuture<'a>;
}

pub(crate) type BoxService = Box<dyn Erased>;

impl<S: Service> Erased for S {
    fn name(&self) -> String {
        Service::name(self)
    }

    fn policy(&self) -> Policy {
        Service::policy(self)
    }

    fn start<'a>(&'a mut self, cx: &'a Context) -> BoxFuture<'a> {
        Box::pin(Service::start(self, cx))
    }

    fn stop<'a>(&'a mut self, cx: &'a Context) -> BoxFuture<'a> {
        Box::pin(Service::stop(self, cx))
    }
}

/// What [`Entrypoint::service`](crate::Entrypoint::service) takes: a [`Service`], a closure from
/// [`Context`] to a future, or such a closure with a name before it.
///
/// The parameter only tells the three apart; it is never written.
pub trait IntoService<Kind> {
    /// The service it becomes.
    type Service: Service;

    /// Makes the service.
    fn into_service(self) -> Self::Service;
}

/// Marks an [`IntoService`] that is a [`Service`] already.
#[derive(Debug)]
pub struct IsService;

/// Marks an [`IntoService`] that is a closure.
#[derive(Debug)]
pub struct IsClosure;

impl<S: Service> IntoService<IsService> for S {
    type Service = S;

    fn into_service(self) -> S {
        self
    }
}

impl<F, Fut> IntoService<IsClosure> for F
where
    F: FnMut(Context) -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    type Service = Closure<F>;

    fn into_service(self) -> Closure<F> {
        service("service", self)
    }
}

impl<N, F, Fut> IntoService<IsClosure> for (N, F)
where
    N: Into<String>,
    F: FnMut(Context) -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    type Service = Closure<F>;

    fn into_service(self) -> Closure<F> {
        service(self.0, self.1)
    }
}
