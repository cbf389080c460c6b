//! The bytes of a body.

use bytes::Bytes;

/// The body of an answer: bytes that are complete in memory.
///
/// It keeps what it was made from, so a constant, a `String` and a `Vec` cost no conversion.
///
/// # Examples
///
/// ```
/// use mainspring_web::Body;
///
/// assert_eq!(Body::from("Meow.").as_bytes(), b"Meow.");
/// assert!(Body::empty().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Body(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Static(&'static [u8]),
    Owned(Vec<u8>),
    Shared(Bytes),
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Self(Inner::Static(&[]))
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Inner::Static(bytes) => bytes,
            Inner::Owned(bytes) => bytes,
            Inner::Shared(bytes) => bytes,
        }
    }

    /// Number of bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes as a shared slice; copies nothing.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Inner::Static(bytes) => Bytes::from_static(bytes),
            Inner::Owned(bytes) => bytes.into(),
            Inner::Shared(bytes) => bytes,
        }
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self(Inner::Static(text.as_bytes()))
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Self(Inner::Static(bytes))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Inner::Owned(text.into_bytes()))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Inner::Owned(bytes))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Shared(bytes))
    }
}
