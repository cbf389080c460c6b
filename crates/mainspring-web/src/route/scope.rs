//! What an app holds for its routes, once it stands in the table.

use std::any::TypeId;
use std::sync::Arc;

use super::absent::{MethodNotAllowed, NotFound, Options, Redirect};
use super::handler::Endpoint;
use super::slashes::Slashes;
use super::states::States;
use crate::middleware::{Layer, around};

/// One app among those that were nested in each other.
pub(crate) struct Scope {
    /// Index of the app around this one.
    pub(crate) parent: Option<usize>,
    /// Index of the app whose names are looked up first: its own, unless it was merged into another.
    pub(super) names: usize,
    /// Before the patterns of its routes; without a slash at the end.
    pub(super) prefix: String,
    /// The values that it was given itself.
    pub(crate) own: States,
    /// Its own values, before those of the apps around it.
    pub(crate) states: States,
    /// The types of all values that there will be once the app has started.
    pub(super) types: Vec<TypeId>,
    pub(super) slashes: Slashes,
    pub(super) merge_slashes: bool,
    /// The middlewares from the outermost app's first.
    pub(super) layers: Vec<Arc<dyn Layer>>,
    /// The fallback without middlewares, for the apps within.
    pub(super) bare_fallback: Arc<dyn Endpoint>,
    /// Answers what no pattern matches.
    pub(super) fallback: Arc<dyn Endpoint>,
    /// Answers methods that are not known.
    pub(super) refusal: Arc<dyn Endpoint>,
    /// Answers `OPTIONS` when no handler does.
    pub(super) options: Arc<dyn Endpoint>,
    pub(super) redirect: Arc<dyn Endpoint>,
}

impl Scope {
    /// The app around all others, or around nothing yet.
    pub(super) fn root() -> Self {
        Self {
            parent: None,
            names: 0,
            prefix: String::new(),
            own: States::default(),
            states: States::default(),
            types: Vec::new(),
            slashes: Slashes::default(),
            merge_slashes: false,
            layers: Vec::new(),
            bare_fallback: Arc::new(NotFound),
            fallback: Arc::new(NotFound),
            refusal: Arc::new(MethodNotAllowed),
            options: Arc::new(Options),
            redirect: Arc::new(Redirect),
        }
    }

    /// Puts the middlewares around what is answered without a route.
    pub(super) fn surround(&mut self) {
        let layers = &self.layers;
        self.fallback = around(layers, Arc::clone(&self.bare_fallback));
        self.refusal = around(layers, Arc::new(MethodNotAllowed));
        self.options = around(layers, Arc::new(Options));
        self.redirect = around(layers, Arc::new(Redirect));
    }
}
