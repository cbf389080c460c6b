//! What handlers need from the app, checked before the first request.

use std::any::{Any, TypeId};

/// Collects what a handler's extractors need from the app.
#[derive(Debug, Default)]
pub struct Demands(Vec<(TypeId, &'static str)>);

impl Demands {
    /// The handler takes [`State<T>`](crate::State).
    pub fn state<T: 'static>(&mut self) {
        self.0.push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }

    /// The first demand that the states do not meet.
    pub(crate) fn unmet(&self, states: &States) -> Option<&'static str> {
        self.0.iter().find(|(id, _)| !states.has(*id)).map(|(_, name)| *name)
    }
}

/// Values by type. An app has a handful, so a list beats a map.
#[derive(Clone, Default)]
pub(crate) struct States(Vec<(TypeId, std::sync::Arc<dyn Any + Send + Sync>)>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.retain(|(id, _)| *id != TypeId::of::<T>());
        self.0.push((TypeId::of::<T>(), std::sync::Arc::new(value)));
    }

    pub(crate) fn find<T: 'static>(&self) -> Option<&T> {
        let id = TypeId::of::<T>();
        self.0.iter().find(|(other, _)| *other == id).and_then(|(_, value)| value.downcast_ref())
    }

    fn has(&self, id: TypeId) -> bool {
        self.0.iter().any(|(other, _)| *other == id)
    }
}

impl std::fmt::Debug for States {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}
