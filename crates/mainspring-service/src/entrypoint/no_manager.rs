//! Where there is no service manager that a process could talk to.

pub(crate) fn starting(_: usize) {}

pub(crate) fn ready(_: usize) {}

pub(crate) fn stopping() {}
