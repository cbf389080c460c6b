//! Mainspring.
