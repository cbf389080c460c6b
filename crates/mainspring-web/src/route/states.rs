//! The values that an app's handlers share.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::error::Error;

/// The values of an app, one of each type: those of [`App::state`](crate::App::state) and those that its
/// startup gave, and where it has none of a type, those of the app around it.
///
/// Hooks of an app's life get it; handlers take the single values with [`State`](crate::State).
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, State, States};
///
/// #[derive(Clone)]
/// struct Pool { size: usize }
///
/// let app = App::new()
///     .state(8_usize)
///     .on_startup(async |states: States| Ok(Pool { size: *states.require::<usize>()? }))
///     .get("/", async |State(pool): State<Pool>| pool.size.to_string());
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct States(Vec<Item>);

/// A handful at most, so a list beats a map.
#[derive(Clone)]
struct Item {
    id: TypeId,
    name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl States {
    /// The value of this type.
    pub fn find<T: 'static>(&self) -> Option<&T> {
        let id = TypeId::of::<T>();
        self.0.iter().find(|item| item.id == id).and_then(|item| item.value.downcast_ref())
    }

    /// The value of this type.
    ///
    /// # Errors
    ///
    /// 500 when there is none; the message names the type.
    pub fn require<T: 'static>(&self) -> Result<&T, Error> {
        self.find().ok_or_else(|| {
            let name = type_name::<T>();
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the app has no state of type {name}"))
        })
    }

    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        let id = TypeId::of::<T>();
        self.0.retain(|item| item.id != id);
        self.0.push(Item { id, name: type_name::<T>(), value: Arc::new(value) });
    }

    /// These, and the others where these have none.
    pub(crate) fn over(mut self, outer: &Self) -> Self {
        let missing = outer.0.iter().filter(|outer| !self.0.iter().any(|own| own.id == outer.id));
        let missing: Vec<Item> = missing.cloned().collect();
        self.0.extend(missing);
        self
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = TypeId> {
        self.0.iter().map(|item| item.id)
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|item| item.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_value_hides_the_outer_one_of_its_type() {
        let (mut outer, mut inner) = (States::default(), States::default());
        outer.insert(1_u8);
        outer.insert("outer");
        inner.insert(2_u8);
        let both = inner.over(&outer);
        assert_eq!((both.find::<u8>(), both.find::<&str>()), (Some(&2), Some(&"outer")));
    }

    #[test]
    fn a_missing_value_is_named() {
        let error = States::default().require::<u16>().expect_err("it is empty");
        assert!(error.to_string().contains("u16"), "{error}");
    }
}
