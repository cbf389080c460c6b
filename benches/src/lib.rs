//! Measures Mainspring beside its peers: instruction counts that repeat to the digit, and wall-clock ratios.
//!
//! The binaries are the measured server (`plaintext`), the drivers (`instructions`, `http`) and the load generator for
//! use by hand (`load`); the peers' servers stand in `peers/`, a package of its own. See `README.md`.

pub mod load;
pub mod servers;
