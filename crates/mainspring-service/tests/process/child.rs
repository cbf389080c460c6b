//! Programs as services.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use mainspring_service::process::{Child, ChildError, Ready};
use mainspring_service::{Context, Entrypoint, Error, Running, Service};
use tokio::signal::unix::SignalKind;
use tokio::time::Instant;

use crate::harness::eventually;
use crate::roles::role;
use crate::{log, proc};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

async fn start(child: Child) -> Result<Running, Error> {
    Entrypoint::new("test").service(child).start().await
}

/// The line that a child of this name has written after `key `, once it is in the log.
async fn said(child: &str, key: &str) -> String {
    let line = eventually(|| log::line_with(&[child, key])).await;
    let (before, _) = line.split_once(" child=").unwrap();
    before.split_once(key).unwrap().1.trim().to_owned()
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

pub(crate) async fn a_child_is_ready_at_once_unless_told_otherwise() {
    let running = start(Child::new("quiet", sh("exec sleep 1000"))).await.unwrap();
    assert_eq!(running.services().collect::<Vec<_>>(), ["quiet"]);
    running.stop().await.unwrap();
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn a_child_is_ready_when_it_writes_a_line() {
    for stream in ["", " >&2"] {
        let script = format!("sleep 0.1; echo now listening on 1{stream}; exec sleep 1000");
        let child = Child::new("talker", sh(&script)).ready_when(Ready::line("listening on"));
        let began = Instant::now();
        let running = start(child).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(100));
        running.stop().await.unwrap();
    }
}

pub(crate) async fn a_child_is_ready_when_a_line_is_accepted() {
    let child = Child::new("counter", sh("echo 1; echo 2; sleep 0.1; echo 3; exec sleep 1000"));
    let accept = |line: &str| line.parse::<u32>().is_ok_and(|number| number > 2);
    let running = start(child.ready_when(Ready::line_where(accept))).await.unwrap();
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_is_ready_when_its_port_accepts() {
    let address = free_address();
    let child = Child::new("tcp", role("tcp", &address)).ready_when(Ready::tcp(&*address));
    let running = start(child).await.unwrap();
    tokio::net::TcpStream::connect(&address).await.unwrap();
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_is_ready_when_its_unix_socket_accepts() {
    let path = std::env::temp_dir().join(format!("mainspring-child-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let child = Child::new("unix", role("unix", path.to_str().unwrap())).ready_when(Ready::unix(&path));
    let running = start(child).await.unwrap();
    assert!(path.exists());
    running.stop().await.unwrap();
    std::fs::remove_file(&path).unwrap();
}

pub(crate) async fn a_child_is_ready_when_it_notifies() {
    let child = Child::new("notifier", role("notify", "")).ready_when(Ready::notify());
    let running = start(child).await.unwrap();
    assert!(log::line_with(&["notifier", "warming up"]).is_some());
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_that_is_not_ready_in_time_fails_the_start_and_is_gone() {
    let child = Child::new("late", sh("exec sleep 1000")).ready_when(Ready::line("up"));
    let error = start(child.ready_within(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service `late` did not start: `late` was not ready within 50ms: it was to write a line with `up`"
    );
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn a_child_that_ends_before_it_is_ready_fails_the_start_with_its_last_words() {
    let child = Child::new("broken", sh("echo no config >&2; exit 3")).ready_when(Ready::line("up"));
    let error = start(child).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service `broken` did not start: `broken` ended before it was ready: exit status: 3; \
         its last words: no config"
    );
}

pub(crate) async fn a_child_that_fails_after_it_was_ready_fails_the_service() {
    let child = Child::new("short", sh("echo up; sleep 0.1; kill -9 $$")).ready_when(Ready::line("up"));
    let mut running = start(child).await.unwrap();
    let error = running.failed().await;
    assert!(error.is_service());
    assert_eq!(error.to_string(), "service `short` failed: `short` ended: signal: 9 (SIGKILL)");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<ChildError>().unwrap().is_ended());
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_that_ends_well_ends_the_service_well() {
    let mut running = start(Child::new("task", sh("exit 0"))).await.unwrap();
    let failed = tokio::time::timeout(Duration::from_millis(100), running.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    running.stop().await.unwrap();
}

/// Starts its child twice, as a supervisor does.
struct Twice(Child);

impl Service for Twice {
    async fn start(&mut self, cx: &Context) -> mainspring_service::Result {
        let first = self.0.start(cx).await.unwrap_err();
        let second = self.0.start(cx).await.unwrap_err();
        assert_eq!(first.to_string(), second.to_string());
        Err(second)
    }
}

pub(crate) async fn a_child_can_be_started_again() {
    // A sleeper that is left over would hold the pipe open, and is ended before the next start.
    let child = Child::new("again", sh("sleep 1000 & echo up; exit 4")).ready_when(Ready::line("up"));
    let twice = Entrypoint::new("test").service(Twice(child)).start().await;
    let error = match twice {
        Ok(mut running) => running.failed().await,
        Err(error) => error,
    };
    assert!(error.to_string().ends_with("`again` ended: exit status: 4"), "{error}");
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn a_missing_program_is_named() {
    let error = start(Child::new("cache", Command::new("redis-severr"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service `cache` did not start: cannot run `redis-severr`: there is no such program"
    );
}

pub(crate) async fn a_missing_folder_is_not_taken_for_a_missing_program() {
    let mut command = sh("exit 0");
    command.current_dir("/no/such/folder");
    let error = start(Child::new("cache", command)).await.unwrap_err();
    assert!(
        error.to_string().ends_with("cannot run `sh`: the folder it is to run in is not there"),
        "{error}"
    );
}

pub(crate) async fn a_child_is_stopped_by_the_signal_of_its_choice() {
    let script = "trap 'echo bye; exit 0' INT; echo up; while :; do sleep 0.01; done";
    let child = Child::new("polite", sh(script)).ready_when(Ready::line("up"));
    let running = start(child.stop_signal(SignalKind::interrupt())).await.unwrap();
    running.stop().await.unwrap();
    assert!(log::line_with(&["polite", "bye"]).is_some());
}

pub(crate) async fn a_child_that_ignores_sigterm_is_killed() {
    let script = "trap '' TERM; echo up; while :; do sleep 0.01; done";
    let child = Child::new("deaf", sh(script)).ready_when(Ready::line("up"));
    let running = start(child.stop_within(Duration::from_millis(100))).await.unwrap();
    let error = running.stop().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service `deaf` failed: `deaf` did not stop within 100ms of being asked to, and was killed"
    );
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn a_child_that_stands_still_is_stopped() {
    let child = Child::new("still", sh("echo up; kill -STOP $$")).ready_when(Ready::line("up"));
    let running = start(child).await.unwrap();
    let began = Instant::now();
    running.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

pub(crate) async fn grandchildren_are_stopped_too() {
    let script = "sleep 1000 & echo grandchild $!; wait";
    let child = Child::new("family", sh(script)).ready_when(Ready::line("grandchild"));
    let running = start(child).await.unwrap();
    let grandchild: u32 = said("family", "grandchild ").await.parse().unwrap();
    assert!(proc::runs(grandchild));
    running.stop().await.unwrap();
    assert!(!proc::runs(grandchild));
}

pub(crate) async fn grandchildren_that_ignore_sigterm_are_killed() {
    let script = "(trap '' TERM; echo heir ready; while :; do sleep 0.01; done) & echo heir is $!; wait";
    let child = Child::new("dynasty", sh(script)).ready_when(Ready::line("heir ready"));
    let running = start(child.stop_within(Duration::from_millis(100))).await.unwrap();
    let heir: u32 = said("dynasty", "heir is ").await.parse().unwrap();
    assert!(running.stop().await.unwrap_err().is_service());
    assert!(!proc::runs(heir));
}

pub(crate) async fn a_child_goes_on_while_others_drain() {
    let child = Child::new("needed", sh("echo needed $$; exec sleep 1000")).ready_when(Ready::line("needed"));
    let drains = |cx: Context| async move {
        let stopping = cx.stopping();
        cx.ready();
        stopping.wait().await;
        let child: u32 = said("child=\"needed\"", "needed ").await.parse().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(proc::runs(child), "it was stopped before the drain was over");
    };
    let running = Entrypoint::new("test").service(child).service(("drains", drains)).start().await.unwrap();
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_does_not_outlive_the_drop_of_its_service() {
    let script = "sleep 1000 & echo leftover $!; wait";
    let child = Child::new("dropped", sh(script)).ready_when(Ready::line("leftover"));
    let running = start(child).await.unwrap();
    let leftover: u32 = said("dropped", "leftover ").await.parse().unwrap();
    drop(running);
    eventually(|| (!proc::runs(leftover) && proc::my_children().is_empty()).then_some(())).await;
}

pub(crate) async fn its_output_is_in_the_log_line_by_line() {
    let script = "echo one; echo two >&2; printf three; exit 0";
    let running = start(Child::new("writer", sh(script))).await.unwrap();
    for (line, stream) in [("one", "stdout"), ("two", "stderr"), ("three", "stdout")] {
        let stream = format!("stream=\"{stream}\"");
        eventually(|| log::line_with(&[&format!(" {line} "), "child=\"writer\"", &stream])).await;
    }
    running.stop().await.unwrap();
}

pub(crate) async fn a_flood_of_output_does_not_block_the_child() {
    let script =
        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo flood $i; done; echo done >&2; exec sleep 1000";
    let running = start(Child::new("flood", sh(script)).ready_when(Ready::line("done"))).await.unwrap();
    running.stop().await.unwrap();
    eventually(|| log::line_with(&["flood", "lines of its output were left out"])).await;
    assert!(log::line_with(&["flood 20000"]).is_none());
}

pub(crate) async fn its_standard_input_is_closed() {
    let child = Child::new("reader", sh("cat; echo read it all; exec sleep 1000"));
    let running = start(child.ready_when(Ready::line("read it all"))).await.unwrap();
    running.stop().await.unwrap();
}

pub(crate) async fn its_environment_has_nothing_of_the_service_manager() {
    let mut outer = role("env of a child", "");
    outer
        .env("NOTIFY_SOCKET", "/run/x")
        .env("LISTEN_FDS", "1")
        .env("LISTEN_PID", "1")
        .env("WATCHDOG_USEC", "1")
        .env("KEPT", "yes");
    let output = outer.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("KEPT=yes"), "{text}");
    for gone in ["NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC"] {
        assert!(!text.contains(gone), "{text}");
    }
}

pub(crate) async fn a_clean_environment_has_only_what_the_command_sets() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo home=$HOME own=$OWN; exec sleep 1000"]).env("OWN", "mine");
    let child = Child::new("clean", command).clean_env().ready_when(Ready::line("home"));
    let running = start(child).await.unwrap();
    assert_eq!(said("clean", "home=").await, "own=mine");
    running.stop().await.unwrap();
}

pub(crate) async fn it_leads_a_process_group_of_its_own() {
    let script = "echo ids $$ $(cut -d' ' -f5 /proc/$$/stat); exec sleep 1000";
    let running = start(Child::new("leader", sh(script)).ready_when(Ready::line("ids"))).await.unwrap();
    let ids = said("leader", "ids ").await;
    let (process, group) = ids.split_once(' ').unwrap();
    assert_eq!(process, group);
    running.stop().await.unwrap();
}

pub(crate) async fn a_child_that_asks_to_ends_with_a_parent_that_is_killed() {
    let mut parent = role("parent of a program", "").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "the program runs\n");
    let program = proc::children_of(parent.id())[0].0;
    // The wrapper has made way for the program.
    let name = || std::fs::read_to_string(format!("/proc/{program}/comm")).ok();
    eventually(|| name().filter(|name| name == "sleep\n")).await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually(|| (!proc::runs(program)).then_some(())).await;
}
