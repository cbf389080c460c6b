//! Measures Mainspring: instruction counts that repeat to the digit.
//!
//! The binaries are the measured servers (`plaintext`) and the drivers (`instructions`); see `README.md`.
