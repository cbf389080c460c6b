//! A newer demo takes over from the one that runs, under load, and no request fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mainspring_tests::{Demo, PATIENCE, eventually, request};

const CONNECTIONS: usize = 50;

/// Clients that ask all the time, each on its own connection, and count what fails.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<thread::JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(address: SocketAddr) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = |_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            thread::spawn(move || ask(address, &stop, &answered))
        };
        let clients = (0..CONNECTIONS).map(client).collect();
        Load { stop, answered, clients }
    }

    fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

fn ask(address: SocketAddr, stop: &AtomicBool, answered: &AtomicUsize) -> Vec<String> {
    let (mut connection, mut failures) = (None, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        match ask_once(&mut connection, address) {
            Ok(()) => drop(answered.fetch_add(1, Ordering::Relaxed)),
            Err(error) => {
                connection = None;
                failures.push(error);
            }
        }
    }
    failures
}

fn ask_once(connection: &mut Option<TcpStream>, address: SocketAddr) -> Result<(), String> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address).map_err(|error| format!("connect: {error}"))?;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        }
    };
    stream.write_all(b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n").map_err(|error| format!("write: {error}"))?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"Meow.") {
        let mut piece = [0; 1024];
        match stream.read(&mut piece) {
            Ok(0) => return Err(format!("end after {:?}", String::from_utf8_lossy(&answer))),
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) => return Err(format!("read: {error}")),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    if !answer.starts_with("HTTP/1.1 200 ") {
        return Err(answer.into_owned());
    }
    if !answer.contains("connection: close") {
        *connection = Some(stream);
    }
    Ok(())
}

/// The process ids the demos have named when they came to run, the oldest first.
fn pids(demo: &Demo) -> Vec<u32> {
    let lines = demo.errors().so_far();
    let running = lines.iter().filter(|line| line.contains("running; stop with"));
    running.filter_map(|line| line.split("pid=").nth(1)?.split_whitespace().next()?.parse().ok()).collect()
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap();
    assert!(status.success(), "process {pid} is not there");
}

/// It has ended, whether or not its parent has looked after it.
fn is_gone(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    !stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
}

/// Ends the last demo, which is not the test's own child, whatever becomes of the test.
struct Last<'a>(&'a Demo);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if let Some(pid) = pids(self.0).last().copied().filter(|pid| !is_gone(*pid)) {
            kill("KILL", pid);
        }
    }
}

/// By the clock on the wall: so long the load goes on, and in it two restarts.
#[test]
fn two_restarts_in_ten_seconds_of_load_fail_no_request() {
    let demo = Demo::start();
    let _last = Last(&demo);
    let load = Load::start(demo.http);
    let mut pauses = [Duration::from_secs(3), Duration::from_secs(4), Duration::from_secs(3)].into_iter();
    for running in [2, 3] {
        pauses.by_ref().take(1).for_each(load_for);
        kill("USR2", *pids(&demo).last().unwrap());
        eventually("a successor runs", || (pids(&demo).len() == running).then_some(()));
    }
    pauses.for_each(load_for);
    let answered = load.answered.load(Ordering::Relaxed);
    let (pids, failures) = (pids(&demo), load.failures());
    let some = &failures[..failures.len().min(5)];
    assert!(failures.is_empty(), "{} of {answered} requests failed: {some:?}", failures.len());
    assert!(answered > 1_000, "only {answered} requests were answered: that is no load");
    // The two before it have been replaced, and have ended.
    for pid in &pids[..2] {
        eventually("a process that was replaced ends", || is_gone(*pid).then_some(()));
    }
    kill("TERM", pids[2]);
    eventually("the last process ends", || is_gone(pids[2]).then_some(()));
}

#[expect(clippy::disallowed_methods, reason = "the load is to go on for so long, by the clock on the wall")]
fn load_for(time: Duration) {
    thread::sleep(time);
}

#[test]
fn the_old_process_ends_well_when_the_new_one_is_ready() {
    let mut demo = Demo::start();
    demo.signal("USR2");
    eventually("a successor runs", || (pids(&demo).len() == 2).then_some(()));
    demo.errors().expect("the successor is ready and takes over");
    demo.errors().expect("stopped");
    assert_eq!(demo.get("/").text(), "Meow.");
    assert!(demo.rate_line().starts_with("Dollar rate is "));
    kill("TERM", pids(&demo)[1]);
    // Both have closed their output by now; the code is that of the first.
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}

/// A signal may mean the successor: it is the second that ends a stop which no signal has begun.
#[test]
fn the_first_sigterm_cuts_nothing_of_a_process_that_was_replaced() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(request("GET", "/") + &request("GET", "/sleep/5000"));
    assert_eq!(connection.answer().text(), "Meow.");
    demo.signal("USR2");
    let _last = Last(&demo);
    eventually("a successor runs", || (pids(&demo).len() == 2).then_some(()));
    demo.errors().expect("draining");
    demo.signal("TERM");
    demo.errors().expect("a second signal ends it at once");
    assert_eq!(connection.answer().text(), "slept 5000 ms");
    eventually("the process that was replaced ends", || is_gone(pids(&demo)[0]).then_some(()));
}

/// Whether each socket of a process is closed in its children, by the socket's number.
fn closes_on_exec(pid: u32) -> Vec<(u32, bool)> {
    const O_CLOEXEC: u32 = 0o2_000_000;
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        // Other descriptors may come from whoever runs the test.
        std::fs::read_link(&path).ok().filter(|target| target.to_string_lossy().starts_with("socket:"))?;
        let number = path.file_name()?.to_str()?.parse().ok()?;
        let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        Some((number, u32::from_str_radix(flags.trim(), 8).unwrap() & O_CLOEXEC != 0))
    };
    descriptors.filter_map(read).collect()
}

#[test]
fn a_successor_passes_nothing_it_was_handed_on_to_its_children() {
    let demo = Demo::start();
    let _last = Last(&demo);
    demo.signal("USR2");
    eventually("a successor runs", || (pids(&demo).len() == 2).then_some(()));
    let sockets = closes_on_exec(pids(&demo)[1]);
    assert!(sockets.len() >= 3, "it has its sockets: {sockets:?}");
    assert!(sockets.iter().all(|(_, closes)| *closes), "{sockets:?}");
}

#[test]
fn a_successor_that_does_not_come_up_leaves_the_old_process_serving() {
    // A copy of the program that is gone when the successor is to be started from it.
    let folder = std::env::temp_dir().join(format!("mainspring-restart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("demo");
    let original = mainspring_tests::demo();
    std::fs::copy(original.get_program(), &copy).unwrap();
    let mut command = Command::new(&copy);
    for flag in ["--tcp", "--http", "--udp"] {
        command.args([flag, "127.0.0.1:0"]);
    }
    let mut demo = Demo::run(command);
    std::fs::remove_dir_all(&folder).unwrap();
    demo.signal("USR2");
    demo.errors().expect("no successor has taken over");
    assert_eq!(demo.get("/").text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}
