//! What handlers need from the app, checked before the first request.

use std::any::TypeId;

/// Collects what a handler's extractors need from the app.
#[derive(Debug, Default)]
pub struct Demands(Vec<(TypeId, &'static str)>);

impl Demands {
    /// The handler takes [`State<T>`](crate::State).
    pub fn state<T: 'static>(&mut self) {
        self.0.push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }

    /// The first demand that is not among the types that there will be.
    pub(crate) fn unmet(&self, types: &[TypeId]) -> Option<&'static str> {
        self.0.iter().find(|(id, _)| !types.contains(id)).map(|(_, name)| *name)
    }
}
