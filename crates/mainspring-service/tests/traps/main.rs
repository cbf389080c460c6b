//! The traps of the stack this crate learnt from, and how it is without each of them.
//!
//! aiomisc's entrypoint, services, context, network services, schedules and processes have traps that
//! their users know, and defects that were measured. Each that concerns this crate has a test of its name
//! here, which shows by the public API alone that the crate does not have it. What the crate does beyond
//! that is shown by its other tests.
//!
//! | there | here, after `trap_` or `defect_` |
//! |---|---|
//! | entrypoint: `start` is cancelled before any `stop`, while the docs say otherwise | `1_1_starts_drain_before_…` |
//! | entrypoint: a failed start leaves the other services running | `1_1_services_that_had_started_…` |
//! | entrypoint: a service that dies after its start goes unnoticed | `1_1_a_service_that_fails_later_…` |
//! | entrypoint: one failing `stop` cancels the others' | `1_1_a_failing_stop_…` |
//! | entrypoint: after SIGTERM, exit code 0 or an unrelated error | `1_1_an_end_by_sigterm_…` |
//! | entrypoint: a failing `pre_start` hook ends the start | `1_1_a_failing_hook_…`: so it is here, said by name |
//! | context: the time-out of one waiter cancels all | `1_3_the_time_out_of_one_waiter_…` |
//! | UDP server: a task per datagram, without a bound | `1_4_datagrams_…` |
//! | TCP client: reconnects without a pause after a clean close | `1_4_a_clean_close_…` |
//! | TCP client: a dead address holds up the start for ever | `1_4_a_dead_address_…` |
//! | TCP server: a handler's error shows at garbage collection, if ever | `1_4_handlers_that_fail_…` |
//! | TCP server: no limit of connections | `1_4_connections_…` |
//! | TCP server: no idle time-out | `1_4_a_silent_connection_…` |
//! | TCP server: `stop` cancels the handlers | `1_4_a_handler_under_way_…` |
//! | servers: a handler that never ends holds the end up, over TLS without a bound | `1_4_a_handler_that_never_ends_…`, `1_4_a_tls_handler_…` (tests of sockets) |
//! | sockets: whether IPv6 takes IPv4 is left to the system | `1_4_both_families_…` |
//! | periodic: `stop` cancels the run under way, while the docs say otherwise | `1_5_a_run_under_way_…` |
//! | cron: always UTC | `1_5_cron_…` |
//! | web services: port 0 is refused | `1_7_port_0_…` |
//! | web services: a client that leaves cancels its handler | `1_7_a_client_that_leaves_…` |
//! | respawning process: no backoff, no limit | `1_8_a_child_…` |
//! | 2: failures at the start, at the end and in between | `2_one_that_fails_…`, and the traps of 1.1 |
//! | 4: reconnect storm, and start hang on a dead peer | `4_a_client_…`, and the traps of 1.4 |
//! | 5: a failed create costs a slot of the pool for ever | `5_failed_creates_…` |
//! | 6: one waiter's time-out cancels all; a missing key hangs the start | `6_…` |
//! | 8: cron in UTC only, periodic work with a fixed delay only | `8_…` |
//!
//! These are shown elsewhere, or do not concern this crate:
//!
//! * 1, a log that holds up the loop: by `defect_1_…` among the tests of the crate that has the log, and
//!   by those of the demo with a log that nobody reads.
//! * 3, a circuit breaker that does not open: there is none in this crate.
//! * 1.6, the profiler and the memory tracer: there are none in this crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
#[path = "../diary/mod.rs"]
mod diary;
mod pool;
mod process;
mod schedule;
mod servers;
mod services;
mod support;
