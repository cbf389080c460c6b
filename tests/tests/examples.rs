//! Each example of the chapters of tasks and services says what its header promises, and ends well.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use mainspring_tests::{Connection, PATIENCE, Process, is_installed, request};

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

#[test]
fn a_job_that_fails_for_good_leaves_the_others_at_work() {
    let run = run("25_jobs_live_on");
    for job in ["cached ", "sent "] {
        let line = run.output.iter().find_map(|line| line.strip_prefix(job)?.strip_suffix(" times"));
        let times: u32 = line.unwrap_or_else(|| panic!("{:?}", run.output)).parse().unwrap();
        assert!((5..=30).contains(&times), "{job}{times} times");
    }
    assert_eq!(run.log.iter().filter(|line| line.contains("is started again")).count(), 3, "{:?}", run.log);
    let given_up = "the process lives on without it service=\"statistic\"";
    assert_eq!(run.log.iter().filter(|line| line.contains(given_up)).count(), 1, "{:?}", run.log);
}

#[test]
fn jobs_that_need_each_other_end_when_one_fails() {
    let run = run("26_jobs_fall_together");
    assert_eq!(
        sorted(&run.output[..2]),
        ["the cache has written what it had", "the server has written what it had"]
    );
    assert_eq!(
        run.output[2..],
        [
            "service `statistic` failed: the server of statistics is away",
            "to blame: Some(\"statistic\"), exit code 1"
        ]
    );
}

#[test]
fn a_log_into_a_pipe_that_nobody_reads_takes_no_time() {
    let mut process = Process::start(Command::new(examples().join("27_log_pipe")));
    process.errors().hold();
    assert!(process.wait(PATIENCE).success());
    let run = Run { output: process.output().so_far(), log: Vec::new() };
    // A pipe that is read at 5 kB a second would take two minutes.
    assert!(run.millis("logged 10000 lines in ") < 2_000, "{:?}", run.output);
    assert!((10..500).contains(&run.millis("a sleep of 10 ms took ")), "{:?}", run.output);
    let dropped: u32 = run.after("dropped ")[0].split(' ').next().unwrap().parse().unwrap();
    assert!(dropped > 1_000, "{:?}", run.output);
}

#[test]
fn an_entrypoint_gives_the_value_of_a_future_when_all_is_cleaned_up() {
    run("28_run_until").says(&["the future ends", "the goodbye is sent", "the answer is 42"]);
}

#[test]
fn the_parameters_of_a_process_are_in_force() {
    let run = run("29_parameters");
    assert!(run.after("a task runs on ")[0].starts_with("tuned"), "{:?}", run.output);
    assert!(run.after("a blocking call runs on ")[0].starts_with("disk"), "{:?}", run.output);
    assert_eq!(run.log.len(), 1, "{:?}", run.log);
    assert!(
        run.log[0].starts_with('{') && run.log[0].contains("\"message\":\"this passes\""),
        "{:?}",
        run.log
    );
}

#[test]
fn a_service_starts_before_the_program_and_stops_after_it() {
    run("30_service").says(&["loaded 41", "counted to 42", "stored 42"]);
}

#[test]
fn a_service_waits_for_what_it_requires_and_stops_before_it() {
    let run = run("31_ready");
    assert_eq!(sorted(&run.output[..2]), ["page: waiting", "table: loading"]);
    assert_eq!(sorted(&run.output[2..4]), ["page: up, with 3 rows", "table: up"]);
    assert_eq!(run.output[4..], ["all are ready", "page: down, with 3 rows still there", "table: down"]);
}

/// Runs the greeter to its end; gives its exit code, its output and what it said.
fn greeter(change: impl FnOnce(&mut Command)) -> (Option<i32>, String, String) {
    let mut command = Command::new(examples().join("32_required_settings"));
    command.env_remove("GREETER_NAME").env_remove("GREETER_GREETING").env_remove("RUST_LOG");
    change(&mut command);
    let mut process = Process::start(command);
    let code = process.wait(PATIENCE).code();
    (code, process.output().all(), process.errors().all())
}

#[test]
fn a_setting_without_a_default_has_to_be_set() {
    let (code, output, said) = greeter(|_| {});
    assert_eq!((code, &*output), (Some(2), ""), "{said}");
    assert_eq!(said, "error: `name` is not set: set it in greeter.toml, with GREETER_NAME or with --name");
    let (_, output, _) = greeter(|command| _ = command.env("GREETER_NAME", "Ada"));
    assert_eq!(output, "Hello, Ada");
    let (_, output, _) = greeter(|command| _ = command.args(["--name=Ada", "--greeting=Servus"]));
    assert_eq!(output, "Servus, Ada");
    let (code, _, said) = greeter(|command| _ = command.args(["--name=Ada", "--greting=Servus"]));
    assert!(code == Some(2) && said.contains("did you mean `--greeting`?"), "{said}");
}

/// The address in the line that says that a service listens.
fn address(process: &Process, scheme: &str) -> String {
    let line = process.errors().expect(&format!("address={scheme}://"));
    let rest = line.split(&format!("address={scheme}://")).nth(1).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn one_process_speaks_many_protocols() {
    let mut process = Process::start(Command::new(examples().join("33_many_protocols")));
    process.errors().expect("running");

    let mut tcp = BufReader::new(TcpStream::connect(address(&process, "tcp")).unwrap());
    tcp.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    let mut line = String::new();
    tcp.get_mut().write_all(b"one two\n").unwrap();
    tcp.read_line(&mut line).unwrap();
    assert_eq!(line, "ONE TWO\n");
    drop(tcp);

    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    udp.send_to(b"three", address(&process, "udp")).unwrap();
    let mut datagram = [0; 16];
    let length = udp.recv(&mut datagram).unwrap();
    assert_eq!(&datagram[..length], b"THREE");

    let mut words = 3;
    if is_installed("openssl", "version") {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-quiet", "-connect", &address(&process, "tls")]);
        let mut client =
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        client.stdin.as_mut().unwrap().write_all(b"four five\n").unwrap();
        let mut line = String::new();
        BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
        client.kill().unwrap();
        client.wait().unwrap();
        assert_eq!(line, "FOUR FIVE\n");
        words += 2;
    }
    process.errors().expect(&format!("so far words={words}"));
    process.signal("TERM");
    assert_eq!(process.wait(PATIENCE).code(), Some(0), "{:?}", process.errors().so_far());
}

#[test]
fn a_file_is_written_and_read_back_packed_or_not() {
    let run = run("34_files");
    assert_eq!(run.output[..4], ["Hello world", "and goodbye", "a line of 11 bytes", "a line of 11 bytes"]);
    let bytes: u32 = run.output[4].strip_suffix(" bytes on disk").unwrap().parse().unwrap();
    assert!(bytes < 200, "{bytes}");
    assert_eq!(run.output[5..], ["7000 bytes in it"]);
}

#[test]
fn a_web_service_answers_over_both_families() {
    let mut process = Process::start(Command::new(examples().join("35_rest")));
    let port: u16 = address(&process, "http").rsplit(':').next().unwrap().parse().unwrap();
    let get = |host: &str, path: &str| {
        let mut connection = Connection::open((host.parse::<IpAddr>().unwrap(), port).into());
        connection.send(request("GET", path));
        connection.answer().text().to_owned()
    };
    assert_eq!(get("127.0.0.1", "/"), "Hello, Anonymous\n");
    assert_eq!(get("::1", "/Ada"), "Hello, Ada\n");
    process.signal("TERM");
    assert_eq!(process.wait(PATIENCE).code(), Some(0));
}

#[test]
fn a_setting_changes_while_the_program_runs() {
    let file = std::env::temp_dir().join(format!("mainspring-reload-{}.toml", std::process::id()));
    std::fs::write(&file, "greeting = 'Hello'").unwrap();
    let mut command = Command::new(examples().join("36_reload"));
    command.arg("--config").arg(&file).env_remove("RUST_LOG");
    let mut process = Process::start(command);
    process.output().expect("Hello");
    process.errors().expect("running");
    std::fs::write(&file, "greeting = 'Servus'").unwrap();
    process.signal("HUP");
    process.output().expect("Servus");
    std::fs::write(&file, "greting = 'Moin'").unwrap();
    process.signal("HUP");
    process.errors().expect("did you mean `greeting`?");
    std::fs::write(&file, "greeting = 'Moin'\nlog = 'debug'").unwrap();
    process.signal("HUP");
    process.output().expect("Moin");
    process.errors().expect("the log's filter has changed filter=\"debug\"");
    process.signal("TERM");
    assert_eq!(process.wait(PATIENCE).code(), Some(0));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(process.output().so_far(), ["Hello", "Servus", "Moin"]);
}
