//! Each example of the tasks' chapter ends by itself, well, and says what its header promises.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mainspring_tests::{PATIENCE, Process};

/// What one run wrote.
struct Run {
    output: Vec<String>,
    log: Vec<String>,
}

/// Runs an example to its end.
#[track_caller]
fn run(name: &str) -> Run {
    let mut command = Command::new(examples().join(name));
    command.env_remove("RUST_LOG").env_remove("NO_COLOR");
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    let run = Run { output: process.output().so_far(), log: process.errors().so_far() };
    assert!(status.success(), "{name} ended with {status}:\n{}", run.log.join("\n"));
    run
}

/// Where the examples lie: where `MAINSPRING_EXAMPLES` says. Without it they are built first, in the
/// profile and the target directory of this test.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the harness is told by the environment what to test")]
fn examples() -> &'static Path {
    // What cannot be built is not built again for the next test.
    static EXAMPLES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let named = || std::env::var_os("MAINSPRING_EXAMPLES").map(PathBuf::from);
    let examples = EXAMPLES.get_or_init(|| named().or_else(build));
    examples.as_deref().expect("the examples can be built; cargo has said why not")
}

fn build() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    // TARGET/PROFILE/deps/TEST
    let profile = test.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--examples", "--target-dir"]);
    cargo.arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let status = cargo.current_dir(workspace).status().unwrap();
    status.success().then(|| profile.join("examples"))
}

impl Run {
    /// The output is these lines and no others.
    #[track_caller]
    fn says(&self, lines: &[&str]) {
        assert_eq!(self.output, lines);
    }

    /// The number before ` ms` in the line that starts like this.
    #[track_caller]
    fn millis(&self, start: &str) -> u64 {
        let line = self.output.iter().find_map(|line| line.strip_prefix(start));
        let number = line.and_then(|rest| rest.strip_suffix(" ms"));
        let number = number.and_then(|number| number.trim().parse().ok());
        number.unwrap_or_else(|| panic!("no `{start}… ms` in {:?}", self.output))
    }

    /// The lines that start like this, without that start.
    fn after<'a>(&'a self, start: &'a str) -> Vec<&'a str> {
        self.output.iter().filter_map(|line| line.strip_prefix(start)).collect()
    }

    /// The last words of the log lines that say this.
    fn logged(&self, message: &str) -> Vec<&str> {
        let lines = self.log.iter().filter(|line| line.contains(message));
        let mut ends: Vec<_> = lines.filter_map(|line| line.split_whitespace().last()).collect();
        ends.sort_unstable();
        ends
    }
}

const ZERO_TO_NINE: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const EVEN: &str = "[true, false, true, false, true, false, true, false, true, false]";

/// `0 true` to `9 false`.
fn answers() -> Vec<String> {
    (0..10).map(|id| format!("{id} {}", id % 2 == 0)).collect()
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

#[test]
fn a_timer_gives_the_value_and_the_time_spent() {
    let run = run("07_timer");
    assert_eq!(run.output[0], "test");
    assert!(run.millis("spent ") >= 100);
}

#[test]
fn tasks_in_the_background_sleep_at_the_same_time() {
    let run = run("08_background");
    assert_eq!(run.output[0], "hello, world");
    assert!((200..400).contains(&run.millis("took ")), "{:?}", run.output);
}

#[test]
fn ten_requests_at_once_take_less_time_than_one_by_one_and_answer_in_order() {
    let run = run("09_gather");
    assert_eq!(run.output[..10], answers());
    assert_eq!(sorted(&run.output[10..20]), answers());
    assert_eq!(run.after("one by one: "), [EVEN]);
    assert_eq!(run.after("at once:    "), [EVEN]);
    let ratio = run.output.last().unwrap().split(": ").nth(1).unwrap();
    let ratio: f64 = ratio.strip_suffix(" times as fast").unwrap().parse().unwrap();
    assert!(ratio > 2.0, "only {ratio} times as fast");
}

#[test]
fn callbacks_count_the_tasks_down() {
    let run = run("10_callback");
    assert_eq!(sorted(&run.output[..10]), answers());
    assert_eq!(run.output[10..], [EVEN]);
}

#[test]
fn the_first_error_of_gather_surfaces_and_the_siblings_run_on() {
    let run = run("11_roulette");
    let first = ["0 is OK", "1 is OK", "2 is OK", "Boooom!", "4 is OK", "5 is OK", "6 is OK", "7 is OK"];
    assert_eq!(run.output[..8], first);
    assert_eq!(run.after("settled: "), ["0", "1", "2", "Boooom!", "4", "5", "6", "7"]);
}

#[test]
fn a_cancelled_task_cleans_up_before_its_awaiter_goes_on() {
    let run = run("12_cancel");
    let said: Vec<_> = run.output.iter().map(|line| line.split(':').next().unwrap()).collect();
    let gone = "task successfully cancelled";
    let cleaned = "the statistics are told";
    assert_eq!(said, ["start", "task.cancel() called", gone, "start", "task.cancel() called", cleaned, gone]);
    assert!(run.output[2].ends_with("was cancelled: nobody needs it"), "{}", run.output[2]);
}

#[test]
fn a_ninja_goes_on_within_its_bound() {
    run("13_ninja").says(&[
        "start",
        "task.cancel() called",
        "ninja coroutine!",
        "finished, saved: false",
        "cancelled: false",
    ]);
}

#[test]
fn a_shielded_task_outlives_its_waiter() {
    run("14_shield").says(&["start", "task.cancel() called", "task successfully cancelled", "finished"]);
}

#[test]
fn a_timed_out_body_speaks_before_its_caller() {
    let run = run("15_timeout");
    assert_eq!(run.output[0], "I was cancelled");
    assert!(run.output[1].starts_with("timeout: timed out (limit set at "), "{}", run.output[1]);
    assert!(run.millis("took ") >= 100);
}

#[test]
fn wait_sorts_tasks_and_cancels_none() {
    let run = run("16_wait");
    assert_eq!(run.output[0], "5 done, 5 pending");
    assert_eq!(run.output[1].matches("Task(").count(), 5, "{}", run.output[1]);
    assert_eq!(run.output[2..], ["5 done, 0 pending", "5 done, 5 pending", "failed: no user 4"]);
}

#[test]
fn as_completed_gives_the_fastest_first() {
    let run = run("17_as_completed");
    assert_eq!(run.output[..10], ZERO_TO_NINE);
    assert_eq!(run.after("in time: ")[..], ZERO_TO_NINE[..run.output.len() - 11]);
    assert!(run.output.last().unwrap().starts_with("timed out"), "{:?}", run.output);
}

#[test]
fn all_tasks_are_seen_with_name_state_and_place() {
    let run = run("18_tasks");
    let current = run.after("current: ");
    assert_eq!(current[0], "None");
    assert!(current[1].contains("`main` running for "), "{}", current[1]);
    for id in 0..10 {
        let waiting = format!("`check-{id}` waiting for ");
        let of_task = |line: &&String| line.contains(&waiting) && line.contains("18_tasks.rs:");
        assert_eq!(run.output.iter().filter(of_task).count(), 1, "{:?}", run.output);
    }
}

#[test]
fn blocking_calls_run_at_the_same_time_on_threads_of_their_pool() {
    let run = run("19_threaded");
    assert!((200..400).contains(&run.millis("blocked twice in ")), "{:?}", run.output);
    assert!(run.after("default pool: ")[0].starts_with("100 bytes read on io-"));
    assert!(run.after("custom pool: ")[0].starts_with("100 bytes read on disk-"));
    assert!(run.after("pool for computing: ")[0].starts_with("333332833333500000 summed on cpu-"));
}

#[test]
fn a_transaction_is_committed_or_rolled_back_by_how_its_body_ended() {
    run("20_transaction").says(&[
        "  BEGIN",
        "  entering context",
        "  UPDATE accounts",
        "  COMMIT",
        "  exiting context: Ok",
        "transfer: Ok(())",
        "  BEGIN",
        "  entering context",
        "  UPDATE accounts",
        "  ROLLBACK",
        "  exiting context: Err(\"not enough money\")",
        "overdraw: Err(\"not enough money\")",
        "  BEGIN",
        "  entering context",
        "  UPDATE accounts",
        "  ROLLBACK",
        "  exiting context: Cancelled(Some(\"timed out\"))",
        "hang, in time: false",
    ]);
}

#[test]
fn a_ticker_ticks_to_its_end() {
    let run = run("21_ticker");
    assert_eq!(run.output[..10], ZERO_TO_NINE);
    assert_eq!(run.output[10..], ["hm?"]);
}

#[test]
fn a_generator_yields_what_the_ticker_does() {
    run("22_generator").says(&ZERO_TO_NINE);
}

#[test]
fn a_comprehension_of_two_loops_and_a_filter_collects_pairs() {
    run("23_comprehension")
        .says(&["[(0, 1), (0, 3), (2, 1), (2, 3), (4, 1), (4, 3)]", "{0: 0, 1: 1, 2: 4, 3: 9, 4: 16}"]);
}

#[test]
fn a_context_variable_stands_on_each_log_line_of_its_request() {
    let run = run("24_context");
    for message in ["asking the database", "reading the template", "done request_id"] {
        assert_eq!(run.logged(message), ["request_id=7", "request_id=8"], "{:?}", run.log);
    }
    assert_eq!(run.logged("on behalf of nobody"), ["request_id=0", "request_id=0"]);
    assert_eq!(run.logged("all done"), ["outside=None"]);
}
