//! The signals that do not end the demo, and what a service manager is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;

use mainspring_tests::{Demo, PATIENCE};

#[test]
fn sighup_reloads_and_the_demo_goes_on() {
    let mut demo = Demo::start();
    demo.signal("HUP");
    demo.errors().expect("SIGHUP: reading the settings anew");
    assert_eq!(demo.get("/").text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}

#[test]
fn sigusr1_writes_all_tasks_to_the_log_and_the_demo_goes_on() {
    let mut demo = Demo::start();
    demo.signal("USR1");
    demo.errors().expect("SIGUSR1: ");
    for service in ["refresh", "tcp", "http", "udp"] {
        demo.errors().expect(&format!("`{service}`"));
    }
    assert_eq!(demo.get("/").text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}

/// The socket of a service manager, in a folder of its own.
struct Manager {
    socket: UnixDatagram,
    folder: PathBuf,
}

impl Manager {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mainspring-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("notify");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager { socket, folder }
    }

    fn receive(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Receives until a message has the text.
    fn expect(&self, text: &str) -> String {
        loop {
            let message = self.receive();
            if message.contains(text) {
                return message;
            }
        }
    }

    fn demo(&self, watchdog: bool) -> Demo {
        Demo::start_with(|command| {
            command.env("NOTIFY_SOCKET", self.folder.join("notify"));
            if watchdog {
                command.env("WATCHDOG_USEC", "200000");
            }
        })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_service_manager_is_told_of_the_start_and_the_end() {
    let manager = Manager::new("states");
    let mut demo = manager.demo(false);
    manager.expect("STATUS=starting 4 services");
    assert!(manager.expect("READY=1").contains("STATUS=running 4 services"));
    demo.signal("TERM");
    manager.expect("STOPPING=1");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}

#[test]
fn a_service_manager_is_told_of_a_reload() {
    let manager = Manager::new("reload");
    let demo = manager.demo(false);
    manager.expect("READY=1");
    demo.signal("HUP");
    assert!(manager.expect("RELOADING=1").contains("MONOTONIC_USEC="));
    manager.expect("READY=1");
}

#[test]
fn the_watchdog_of_a_service_manager_hears_a_beat() {
    let manager = Manager::new("watchdog");
    let _demo = manager.demo(true);
    manager.expect("READY=1");
    for _ in 0..3 {
        manager.expect("WATCHDOG=1");
    }
}

/// Ends the successor, which is not the test's own child, whatever becomes of the test.
struct Successor(String);

impl Drop for Successor {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0]).status();
    }
}

#[test]
fn a_successor_beats_for_the_watchdog_and_is_not_said_to_stop() {
    let manager = Manager::new("successor");
    let mut shell = Command::new("sh");
    // As systemd has it: the watchdog is for the process of this id.
    shell.args(["-c", "WATCHDOG_PID=$$ exec \"$@\"", "sh"]).arg(mainspring_tests::demo().get_program());
    for flag in ["--tcp", "--http", "--udp"] {
        shell.args([flag, "127.0.0.1:0"]);
    }
    shell.env("NOTIFY_SOCKET", manager.folder.join("notify")).env("WATCHDOG_USEC", "200000");
    let demo = Demo::run(shell);
    demo.signal("USR2");
    let told = manager.expect("MAINPID=");
    let _successor = Successor(told.split("MAINPID=").nth(1).unwrap().trim().to_owned());
    demo.errors().expect("stopped");
    manager.socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4096];
    while let Ok(length) = manager.socket.recv(&mut buffer) {
        let message = String::from_utf8_lossy(&buffer[..length]);
        assert!(!message.contains("STOPPING=1"), "{message}");
    }
    manager.socket.set_nonblocking(false).unwrap();
    // The process before it may have had one under way.
    for _ in 0..4 {
        let message = manager.expect("WATCHDOG=1");
        assert!(!message.contains("STOPPING=1"), "{message}");
    }
}
