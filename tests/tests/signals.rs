//! The signals that do not end the demo, and what a service manager is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

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

    /// Receives until a message has the text.
    fn expect(&self, text: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
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
