//! What is known of types at run time.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use http::StatusCode;
use mainspring_task::context_var;

use super::payload::Payload;
use crate::error::Error;
use crate::middleware::{Middleware, Next};
use crate::payload::ContentType;
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// How values of each type become answers; cheap to clone.
///
/// What is registered later takes the place of what was before, built-in conversions too. As a middleware it
/// serves the routes that it surrounds, before the registry of the process.
///
/// # Examples
///
/// ```
/// use mainspring_web::payload::{Payload, Registry};
/// use mainspring_web::{App, Html};
///
/// struct Cat { name: String }
///
/// let registry = Registry::new()
///     .register(|cat: Cat| Html(format!("<b>{}</b>", cat.name)))
///     .register_json(|cat: &Cat| Ok(Payload::map([("name", Payload::new(cat.name.clone()))])));
/// let app = App::new()
///     .get("/cat", || async { Payload::new(Cat { name: "Ada".into() }) })
///     .middleware(registry);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    answers: HashMap<TypeId, Answer>,
    documents: HashMap<TypeId, Document>,
    outer: Option<Arc<Registry>>,
}

type Answer = Arc<dyn Fn(Payload) -> Result<Response, Payload> + Send + Sync>;
pub(super) type Document = Arc<dyn Fn(&dyn Any) -> Option<Result<Payload, Error>> + Send + Sync>;

context_var! {
    /// The registry of the app whose handler runs.
    static REGISTRY: Arc<Registry>;
}

static PROCESS: RwLock<Option<Arc<Registry>>> = RwLock::new(None);

/// Registers what answer a value of type `T` makes, for the whole process.
///
/// # Examples
///
/// ```
/// use mainspring_web::payload::{Payload, register};
/// use mainspring_web::IntoResponse;
///
/// struct Meow;
///
/// register(|_: Meow| "Meow.");
/// assert_eq!(Payload::new(Meow).into_response().body().as_bytes(), Some(&b"Meow."[..]));
/// ```
pub fn register<T: Any, R: IntoResponse>(convert: impl Fn(T) -> R + Send + Sync + 'static) {
    change(|registry| registry.register(convert));
}

/// Registers how a value of type `T` is written as JSON, for the whole process.
///
/// The conversion may give a map or list of further [`Payload`]s, each of which is converted in turn.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::payload::{Payload, register_json};
///
/// register_json(|duration: &Duration| Ok(Payload::new(duration.as_secs_f64())));
/// let value = Payload::list([Payload::new(Duration::from_millis(1500))]);
/// assert_eq!(value.to_json().unwrap(), "[1.5]");
/// ```
pub fn register_json<T: Any>(convert: impl Fn(&T) -> Result<Payload, Error> + Send + Sync + 'static) {
    change(|registry| registry.register_json(convert));
}

/// Registers that values of type `T` are written as JSON by `serde`, for the whole process.
///
/// # Examples
///
/// ```
/// use mainspring_web::payload::{Payload, register_serialize};
///
/// #[derive(serde::Serialize)]
/// struct Cat { name: &'static str }
///
/// register_serialize::<Cat>();
/// let cats = Payload::list([Payload::new(Cat { name: "Ada" })]);
/// assert_eq!(cats.to_json().unwrap(), r#"[{"name":"Ada"}]"#);
/// ```
pub fn register_serialize<T: Any + serde::Serialize>() {
    change(Registry::register_serialize::<T>);
}

fn change(change: impl FnOnce(Registry) -> Registry) {
    let mut process = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    let registry = process.as_deref().cloned().unwrap_or_default();
    *process = Some(Arc::new(change(registry)));
}

impl Registry {
    /// A registry without registrations, which knows the built-in types.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers what answer a value of type `T` makes.
    #[must_use]
    pub fn register<T: Any, R: IntoResponse>(
        mut self,
        convert: impl Fn(T) -> R + Send + Sync + 'static,
    ) -> Self {
        let answer = move |payload: Payload| Ok(convert(payload.downcast()?).into_response());
        self.answers.insert(TypeId::of::<T>(), Arc::new(answer));
        self
    }

    /// Registers how a value of type `T` is written as JSON. Alone it makes an answer of type
    /// `application/json`, unless [`register`](Self::register) says otherwise.
    #[must_use]
    pub fn register_json<T: Any>(
        mut self,
        convert: impl Fn(&T) -> Result<Payload, Error> + Send + Sync + 'static,
    ) -> Self {
        let document = move |value: &dyn Any| value.downcast_ref().map(&convert);
        self.documents.insert(TypeId::of::<T>(), Arc::new(document));
        self
    }

    /// Registers that values of type `T` are written as JSON by `serde`.
    ///
    /// ```
    /// use mainspring_web::payload::{Payload, Registry};
    ///
    /// #[derive(serde::Serialize)]
    /// struct Cat { name: &'static str }
    ///
    /// let registry = Registry::new().register_serialize::<Cat>();
    /// let json = registry.json(&Payload::new(Cat { name: "Ada" })).unwrap();
    /// assert_eq!(json, r#"{"name":"Ada"}"#);
    /// ```
    #[must_use]
    pub fn register_serialize<T: Any + serde::Serialize>(self) -> Self {
        self.register_json(|value: &T| {
            let json = serde_json::to_value(value).map_err(|error| {
                let name = std::any::type_name::<T>();
                Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("a {name} is no JSON: {error}"))
            })?;
            Ok(Payload::new(json))
        })
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    ///
    /// 500 when the value holds something that is not registered; the message names type and place.
    pub fn json(&self, payload: &Payload) -> Result<String, Error> {
        let bytes = super::json::write(self, payload)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The registry of the app whose handler runs, else that of the process.
    pub(super) fn current() -> Arc<Self> {
        REGISTRY.get().unwrap_or_else(Self::process)
    }

    fn process() -> Arc<Self> {
        static EMPTY: OnceLock<Arc<Registry>> = OnceLock::new();
        let process = PROCESS.read().unwrap_or_else(PoisonError::into_inner);
        process.clone().unwrap_or_else(|| Arc::clone(EMPTY.get_or_init(Arc::default)))
    }

    /// Makes the answer of a value.
    pub(super) fn respond(&self, payload: Payload) -> Result<Response, Error> {
        let registry = &mut Some(self);
        while let Some(here) = registry.take() {
            let id = (*payload.value).type_id();
            if let Some(answer) = here.answers.get(&id) {
                return answer(payload).map_err(|payload| super::json::unknown(&payload, ""));
            }
            // JSON of an inner registry beats an answer of an outer one: the nearest says how.
            if here.documents.contains_key(&id) {
                return self.document(&payload);
            }
            *registry = here.outer.as_deref();
        }
        match super::builtin::answer(payload) {
            Ok(response) => Ok(response),
            Err(payload) => self.document(&payload),
        }
    }

    fn document(&self, payload: &Payload) -> Result<Response, Error> {
        Ok(Response::typed(ContentType::Json, super::json::write(self, payload)?.into()))
    }

    pub(super) fn find(&self, id: TypeId) -> Option<&Document> {
        self.documents.get(&id).or_else(|| self.outer.as_deref()?.find(id))
    }
}

impl Middleware for Registry {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let outer = Some(Self::current());
        let registry = Self { outer, ..Self::clone(&self) };
        REGISTRY.scope(Arc::new(registry), next.run(request)).await
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answers, documents) = (self.answers.len(), self.documents.len());
        f.debug_struct("Registry").field("answers", &answers).field("documents", &documents).finish()
    }
}
