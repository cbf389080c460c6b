use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::children::Children;
use crate::cancel::is_passing;
use crate::task::TaskError;

/// Runs futures as tasks, and gives their values in the order of the input, or the first error.
///
/// Takes anything that iterates over futures of one type, and gives a `Vec`; or a tuple of one to
/// eight futures of any types, and gives a tuple. Each ends with a `Result` whose error can be made
/// from a [`TaskError`]: that is what a child gives that has panicked or was cancelled by itself.
/// Nothing is spawned before the first poll. No futures give no values.
///
/// The first error comes at once, in the order of time. The other children run on, and what becomes
/// of them is not reported; [`scope`](super::scope()) is for children that are to end with the first
/// error.
///
/// When it is cancelled, all unfinished children are cancelled and waited for.
///
/// # Errors
///
/// The first error of a child, or what a [`TaskError`] makes.
///
/// # Cancel safety
///
/// Dropping it cancels the children, which clean up by themselves.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mainspring_task::TaskError> {
/// use mainspring_task::{TaskError, gather};
///
/// let squares = (1..=3).map(|n| async move { Ok::<_, TaskError>(n * n) });
/// assert_eq!(gather(squares).await?, [1, 4, 9]);
/// # Ok(())
/// # }
/// ```
///
/// Several of different types:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mainspring_task::TaskError> {
/// use mainspring_task::{gather, spawn};
///
/// let (number, word) = gather((spawn(async { 1 }), spawn(async { "one" }))).await?;
/// assert_eq!((number, word), (1, "one"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn gather<G, Shape>(futures: G) -> Gathering<Result<G::Values, G::Error>>
where
    G: Gather<Shape>,
{
    Gathering { inner: futures.gather(Location::caller()) }
}

/// [`gather`] whose errors are no end: gives the outcome of every child, in the order of the input.
///
/// # Cancel safety
///
/// As [`gather`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{gather_settled, spawn};
///
/// let outcomes = gather_settled([spawn(async { 1 }), spawn(async { panic!("boom") })]).await;
/// assert_eq!(*outcomes[0].as_ref().unwrap(), 1);
/// assert_eq!(outcomes[1].as_ref().unwrap_err().panic_message(), Some("boom"));
/// # }
/// ```
#[track_caller]
pub fn gather_settled<G, Shape>(futures: G) -> Gathering<G::Settled>
where
    G: Gather<Shape>,
{
    Gathering { inner: futures.settle(Location::caller()) }
}

/// The values to come of several futures; made by [`gather`] and [`gather_settled`].
#[must_use = "futures do nothing unless polled"]
pub struct Gathering<T> {
    inner: Boxed<T>,
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What [`gather`] takes: what iterates over futures, and tuples of futures.
///
/// `Shape` is [`Many`] or [`Several`], and is always inferred.
///
/// ```
/// use mainspring_task::combine::{Gather, Gathering, gather};
///
/// fn later<G: Gather<Shape>, Shape>(work: G) -> Gathering<Result<G::Values, G::Error>> {
///     gather(work)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::spawn;
/// assert_eq!(later([spawn(async { 1 })]).await.unwrap(), [1]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be gathered",
    label = "neither an iterator over futures nor a tuple of futures",
    note = "each future is `Send + 'static` and ends with a `Result<T, E>` where `E: From<TaskError>`"
)]
pub trait Gather<Shape> {
    /// All values.
    type Values;
    /// The error of one.
    type Error;
    /// All outcomes.
    type Settled;

    #[doc(hidden)]
    fn gather(self, place: &'static Location<'static>) -> Boxed<Result<Self::Values, Self::Error>>;

    #[doc(hidden)]
    fn settle(self, place: &'static Location<'static>) -> Boxed<Self::Settled>;
}

/// The shape of what iterates over futures of one type; see [`Gather`].
#[derive(Debug, Clone, Copy)]
pub enum Many {}

/// The shape of a tuple of futures; see [`Gather`].
#[derive(Debug, Clone, Copy)]
pub enum Several {}

impl<I, F, T, E> Gather<Many> for I
where
    I: IntoIterator<Item = F>,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<TaskError> + Send + 'static,
{
    type Values = Vec<T>;
    type Error = E;
    type Settled = Vec<Result<T, E>>;

    fn gather(self, place: &'static Location<'static>) -> Boxed<Result<Vec<T>, E>> {
        let futures: Vec<F> = self.into_iter().collect();
        Box::pin(async move { values(spawn_all(futures, place)).await })
    }

    fn settle(self, place: &'static Location<'static>) -> Boxed<Vec<Result<T, E>>> {
        let futures: Vec<F> = self.into_iter().collect();
        Box::pin(async move { outcomes(spawn_all(futures, place)).await })
    }
}

macro_rules! gather_tuples {
    ($($future:ident $value:ident),+) => {
        impl<Error, $($future, $value),+> Gather<Several> for ($($future,)+)
        where
            $($future: Future<Output = Result<$value, Error>> + Send + 'static,)+
            $($value: Send + 'static,)+
            Error: From<TaskError> + Send + 'static,
        {
            type Values = ($($value,)+);
            type Error = Error;
            type Settled = ($(Result<$value, Error>,)+);

            #[expect(non_snake_case, reason = "a future is named as its type is")]
            fn gather(self, place: &'static Location<'static>) -> Boxed<Result<Self::Values, Error>> {
                let ($($future,)+) = self;
                Box::pin(async move {
                    let mut children = Children::new(place);
                    $(let $future = children.push_apart($future);)+
                    values(children).await?;
                    Ok(($($future.take(),)+))
                })
            }

            #[expect(non_snake_case, reason = "a future is named as its type is")]
            fn settle(self, place: &'static Location<'static>) -> Boxed<Self::Settled> {
                let ($($future,)+) = self;
                Box::pin(async move {
                    let mut children = Children::new(place);
                    $(let $future = children.push_apart($future);)+
                    let mut outcomes = outcomes(children).await.into_iter();
                    ($(outcomes.next().expect("one for each").map(|()| $future.take()),)+)
                })
            }
        }
    };
}

gather_tuples!(FutureA A);
gather_tuples!(FutureA A, FutureB B);
gather_tuples!(FutureA A, FutureB B, FutureC C);
gather_tuples!(FutureA A, FutureB B, FutureC C, FutureD D);
gather_tuples!(FutureA A, FutureB B, FutureC C, FutureD D, FutureE E);
gather_tuples!(FutureA A, FutureB B, FutureC C, FutureD D, FutureE E, FutureF F);
gather_tuples!(FutureA A, FutureB B, FutureC C, FutureD D, FutureE E, FutureF F, FutureG G);
gather_tuples!(FutureA A, FutureB B, FutureC C, FutureD D, FutureE E, FutureF F, FutureG G, FutureH H);

impl<T> Future for Gathering<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.inner.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Gathering<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").finish_non_exhaustive()
    }
}

fn spawn_all<F>(futures: Vec<F>, place: &'static Location<'static>) -> Children<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut children = Children::new(place);
    futures.into_iter().for_each(|future| children.push(future));
    children
}

async fn values<T, E>(mut children: Children<Result<T, E>>) -> Result<Vec<T>, E>
where
    T: Send + 'static,
    E: From<TaskError> + Send + 'static,
{
    let mut values: Vec<Option<T>> = std::iter::repeat_with(|| None).take(children.len()).collect();
    let mut failed = None;
    while let Some((index, outcome)) = children.next().await {
        match flatten(outcome) {
            Ok(value) => values[index] = Some(value),
            Err(error) => failed = failed.or(Some(error)),
        }
        // Cancelled together they are waited for together, whatever one of them says meanwhile.
        if failed.is_some() && !is_passing() {
            break;
        }
    }
    match failed {
        None => Ok(values.into_iter().map(|value| value.expect("each child has ended well")).collect()),
        Some(error) => {
            children.leave();
            Err(error)
        }
    }
}

async fn outcomes<T, E>(mut children: Children<Result<T, E>>) -> Vec<Result<T, E>>
where
    T: Send + 'static,
    E: From<TaskError> + Send + 'static,
{
    let mut outcomes: Vec<_> = std::iter::repeat_with(|| None).take(children.len()).collect();
    while let Some((index, outcome)) = children.next().await {
        outcomes[index] = Some(flatten(outcome));
    }
    outcomes.into_iter().map(|outcome| outcome.expect("each child has ended")).collect()
}

fn flatten<T, E: From<TaskError>>(outcome: Result<Result<T, E>, TaskError>) -> Result<T, E> {
    outcome.unwrap_or_else(|error| Err(error.into()))
}
