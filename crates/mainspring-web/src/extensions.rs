//! Values by type beside a request or an answer, which most do without.

use std::sync::LazyLock;

use http::Extensions;

static NONE: LazyLock<Extensions> = LazyLock::new(Extensions::new);

/// A set that is made when the first value comes; to drop one that never was costs a comparison.
#[derive(Debug, Default)]
pub(crate) struct Attached(Option<Box<Extensions>>);

impl Attached {
    #[inline]
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn all(&self) -> &Extensions {
        self.0.as_deref().unwrap_or_else(|| &*NONE)
    }

    pub(crate) fn all_mut(&mut self) -> &mut Extensions {
        self.0.get_or_insert_default()
    }

    pub(crate) fn into_inner(self) -> Extensions {
        self.0.map(|all| *all).unwrap_or_default()
    }
}
