use std::any::Any;
use std::fmt::{self, Display};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::snapshot::{Snapshot, with_current};

/// A context variable; see [the module](crate::context). Declare it with
/// [`context_var!`](crate::context_var).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{context_var, spawn};
///
/// context_var! {
///     /// Who asked.
///     static REQUEST: u64, logged;
///     /// Stays with the task that sets it.
///     static ATTEMPT: u32, local;
/// }
///
/// REQUEST.set(7);
/// ATTEMPT.set(1);
/// let child = spawn(async {
///     let seen = (REQUEST.get(), ATTEMPT.get());
///     REQUEST.set(8);
///     seen
/// });
/// assert_eq!(child.await.unwrap(), (Some(7), None));
/// assert_eq!(REQUEST.get(), Some(7));
/// # }
/// ```
pub struct ContextVar<T: 'static> {
    meta: Meta,
    values: PhantomData<fn() -> T>,
}

/// What is known of a variable without its type. Its address is its identity.
pub(super) struct Meta {
    pub(super) name: &'static str,
    pub(super) inherited: bool,
    show: Option<Show>,
    /// Keeps two variables from sharing one address.
    _identity: u8,
}

type Show = fn(&dyn Any) -> Option<&dyn Display>;

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// A variable that spawned tasks inherit.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        ContextVar { meta: Meta { name, inherited: true, show: None, _identity: 0 }, values: PhantomData }
    }

    /// The same, but spawned tasks do not inherit it.
    #[must_use]
    pub const fn local(mut self) -> Self {
        self.meta.inherited = false;
        self
    }

    /// The same, and each log line of the task carries it.
    #[must_use]
    pub const fn logged(mut self) -> Self
    where
        T: Display,
    {
        self.meta.show = Some(|value| value.downcast_ref::<T>().map(|value| value as &dyn Display));
        self
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.meta.name
    }

    /// A copy of its value in this task; `None` when it has none.
    #[must_use]
    pub fn get(&'static self) -> Option<T> {
        self.with(|value| value.cloned())
    }

    /// Looks at its value in this task without copying it.
    pub fn with<R>(&'static self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let value = with_current(|current| current.find(&self.meta).cloned());
        look(value.as_ref().and_then(|value| value.downcast_ref()))
    }

    /// Gives it a value in this task, until the task ends or sets another. Gives back the old one.
    pub fn set(&'static self, value: T) -> Option<T> {
        self.put(Some(Arc::new(value)))
    }

    /// Takes its value away in this task. Gives it back.
    pub fn unset(&'static self) -> Option<T> {
        self.put(None)
    }

    /// Runs a future in which it has a value; around it, the value is what it was.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// mainspring_task::context_var!(static DEPTH: u32);
    ///
    /// let inner = DEPTH.scope(1, async { DEPTH.get() }).await;
    /// assert_eq!((inner, DEPTH.get()), (Some(1), None));
    /// # }
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, body: F) -> Scoped<T, F> {
        Scoped { held: self.hold(value), body }
    }

    /// Keeps a value for [`Held::run`].
    pub fn hold(&'static self, value: T) -> Held<T> {
        Held { variable: self, value: Some(Arc::new(value)) }
    }

    fn put(&'static self, value: Option<Arc<dyn Any + Send + Sync>>) -> Option<T> {
        let old = with_current(|current| current.put(&self.meta, value))?;
        // Cloned only while a snapshot shares it.
        old.downcast::<T>().ok().map(Arc::unwrap_or_clone)
    }
}

/// A value that a variable has while something runs, time and again; made by [`ContextVar::hold`].
///
/// [`ContextVar::scope`] for those who poll by hand.
///
/// ```
/// mainspring_task::context_var!(static DEPTH: u32);
///
/// let mut held = DEPTH.hold(1);
/// assert_eq!(held.run(|| DEPTH.set(2)), Some(1));
/// assert_eq!(DEPTH.get(), None);
/// assert_eq!(held.run(|| DEPTH.get()), Some(2));
/// ```
pub struct Held<T: 'static> {
    variable: &'static ContextVar<T>,
    /// Between runs the inner value; during one, the outer.
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl<T: 'static> Held<T> {
    /// Runs a closure in which the variable has the value; what it sets is there in the next run.
    #[inline]
    pub fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        struct Exchanged<'a, T: 'static>(&'a mut Held<T>);
        impl<T> Drop for Exchanged<'_, T> {
            fn drop(&mut self) {
                self.0.exchange();
            }
        }
        self.exchange();
        let _exchanged = Exchanged(self);
        body()
    }

    fn exchange(&mut self) {
        let value = self.value.take();
        self.value = with_current(|current| current.put(&self.variable.meta, value));
    }
}

pin_project! {
    /// A future in which a variable has a value; made by [`ContextVar::scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<T: 'static, F> {
        held: Held<T>,
        #[pin]
        body: F,
    }
}

impl<T: 'static, F: Future> Future for Scoped<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.held.run(|| this.body.poll(cx))
    }
}

/// Shows the variables of this task that log lines carry: their names and values.
///
/// For those who write logs.
pub fn visit_logged(mut visit: impl FnMut(&'static str, &dyn Display)) {
    for entry in Snapshot::capture().entries() {
        if let Some(value) = entry.variable.show.and_then(|show| show(&*entry.value)) {
            visit(entry.variable.name, value);
        }
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar").field("name", &self.meta.name).finish_non_exhaustive()
    }
}

impl<T, F> fmt::Debug for Scoped<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("variable", self.held.variable).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("variable", self.variable).finish_non_exhaustive()
    }
}

/// The name of a variable as log lines show it; for [`context_var!`](crate::context_var).
#[doc(hidden)]
#[must_use]
pub const fn lowercase<const N: usize>(name: &str) -> [u8; N] {
    let (mut lower, mut at) = ([0; N], 0);
    while at < N {
        lower[at] = name.as_bytes()[at].to_ascii_lowercase();
        at += 1;
    }
    lower
}

/// Declares context variables: statics of type [`ContextVar`](crate::context::ContextVar).
///
/// After the type: `local` keeps spawned tasks from inheriting it, `logged` puts it on each log line.
///
/// ```
/// use mainspring_task::context_var;
///
/// context_var! {
///     /// The tenant whose request this is.
///     pub static TENANT: String, logged;
///     static DEPTH: u32, local, logged;
/// }
/// assert_eq!(TENANT.name(), "tenant");
/// assert_eq!(DEPTH.get(), None);
/// ```
#[macro_export]
macro_rules! context_var {
    ($($(#[$meta:meta])* $visibility:vis static $name:ident: $type:ty $(, $option:ident)*);+ $(;)?) => {
        $(
            $(#[$meta])*
            $visibility static $name: $crate::context::ContextVar<$type> =
                $crate::context::ContextVar::new({
                    const NAME: &str = ::core::stringify!($name);
                    const LOWER: [u8; NAME.len()] = $crate::context::lowercase(NAME);
                    match ::core::str::from_utf8(&LOWER) {
                        Ok(name) => name,
                        Err(_) => NAME,
                    }
                })$(.$option())*;
        )+
    };
}
