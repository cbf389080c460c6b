//! Numbered examples, one lesson each.
