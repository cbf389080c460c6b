//! Child processes and pools of workers, on real processes.
//!
//! The program has a `main` of its own because it is not only the test: it is the worker of its own
//! pools, and plays the programs that run as children.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the parts it plays are read by what they print"
)]

mod child;
mod harness;
mod jobs;
mod log;
mod pool;
mod pool_failures;
mod proc;
mod roles;

use std::process::ExitCode;

use harness::tests;
use mainspring_service::process;

fn main() -> ExitCode {
    process::worker(jobs::register);
    if roles::play() {
        return ExitCode::SUCCESS;
    }
    log::collect();
    let mut all = tests![
        child::a_child_is_ready_at_once_unless_told_otherwise,
        child::a_child_is_ready_when_it_writes_a_line,
        child::a_child_is_ready_when_a_line_is_accepted,
        child::a_child_is_ready_when_its_port_accepts,
        child::a_child_is_ready_when_its_unix_socket_accepts,
        child::a_child_is_ready_when_it_notifies,
        child::a_child_that_is_not_ready_in_time_fails_the_start_and_is_gone,
        child::a_child_that_ends_before_it_is_ready_fails_the_start_with_its_last_words,
        child::a_child_that_fails_after_it_was_ready_fails_the_service,
        child::a_child_that_ends_well_ends_the_service_well,
        child::a_child_can_be_started_again,
        child::a_missing_program_is_named,
        child::a_missing_folder_is_not_taken_for_a_missing_program,
        child::a_child_is_stopped_by_the_signal_of_its_choice,
        child::a_child_that_ignores_sigterm_is_killed,
        child::a_child_that_stands_still_is_stopped,
        child::grandchildren_are_stopped_too,
        child::grandchildren_that_ignore_sigterm_are_killed,
        child::a_child_goes_on_while_others_drain,
        child::a_child_does_not_outlive_the_drop_of_its_service,
        child::its_output_is_in_the_log_line_by_line,
        child::a_flood_of_output_does_not_block_the_child,
        child::its_standard_input_is_closed,
        child::its_environment_has_nothing_of_the_service_manager,
        child::a_clean_environment_has_only_what_the_command_sets,
        child::it_leads_a_process_group_of_its_own,
        child::a_child_that_asks_to_ends_with_a_parent_that_is_killed,
    ];
    all.extend(pool_tests());
    harness::run(&all)
}

fn pool_tests() -> Vec<harness::Test> {
    tests![
        pool::a_job_gives_its_value,
        pool::what_json_can_say_arrives,
        pool::a_big_payload_goes_both_ways,
        pool::jobs_of_one_worker_run_in_order,
        pool::a_thousand_jobs_run_on_four_workers,
        pool::jobs_that_come_before_the_start_wait_for_it,
        pool::a_stopped_pool_refuses_and_a_started_one_takes_again,
        pool::workers_start_at_once_unless_lazy,
        pool::a_worker_is_replaced_after_its_last_job,
        pool::an_idle_worker_ends_and_the_next_job_starts_another,
        pool::a_full_queue_refuses_when_told_to,
        pool::a_full_queue_waits_by_default,
        pool::a_cancelled_job_is_told_and_its_worker_lives,
        pool::a_job_that_does_not_heed_cancellation_costs_its_worker,
        pool::a_job_cancelled_in_the_queue_does_not_run,
        pool::what_a_job_prints_is_in_the_log,
        pool::a_job_finds_its_standard_input_empty,
        pool::a_worker_has_no_socket_of_its_parent,
        pool::a_worker_goes_on_after_sigterm,
        pool::a_pool_that_stops_leaves_no_process_and_no_zombie,
        pool::what_a_job_has_started_ends_with_the_pool,
        pool::a_job_under_way_at_the_stop_may_end,
        pool::workers_die_with_a_parent_that_is_killed,
        pool::a_worker_without_a_pool_says_so_and_ends,
        pool_failures::an_error_of_a_job_comes_with_its_causes,
        pool_failures::a_panic_is_an_error_and_the_worker_lives,
        pool_failures::an_unknown_job_is_named_with_those_there_are,
        pool_failures::arguments_of_another_type_are_an_error,
        pool_failures::a_value_of_another_type_is_an_error,
        pool_failures::a_value_beyond_the_limit_is_an_error_and_the_worker_lives,
        pool_failures::a_worker_killed_in_a_job_fails_it_and_is_replaced,
        pool_failures::a_job_that_ends_its_process_is_lost_with_the_status,
        pool_failures::a_worker_killed_while_idle_costs_no_job,
        pool_failures::a_worker_that_stands_still_is_killed_when_its_job_is_cancelled,
        pool_failures::workers_that_cannot_set_up_fail_the_start_with_the_reason,
        pool_failures::workers_that_end_in_their_setup_fail_the_start,
        pool_failures::a_job_added_twice_fails_the_start,
        pool_failures::lazy_workers_that_do_not_start_fail_their_job_and_the_service,
        pool_failures::workers_killed_at_random_lose_no_more_than_the_job_they_ran,
        pool_failures::jobs_cancelled_at_random_leave_the_pool_whole,
        pool_failures::workers_that_die_again_and_again_are_replaced_ever_more_slowly,
    ]
}
