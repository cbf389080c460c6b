//! Where programs come from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// A command for the demo, without arguments and untouched by the environment of the tests.
///
/// The program is the one that `MAINSPRING_DEMO` names. Without it, it is built first, in the profile
/// and the target directory of the test, so that it is never older than the source.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn demo() -> Command {
    // What cannot be built is not built again for the next test.
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| named().or_else(build));
    let mut command = Command::new(program.as_ref().expect("the demo can be built; cargo has said why not"));
    let own = ["RUST_LOG", "NO_COLOR", "DEMO_CONFIG", "DEMO_LOG", "DEMO_REFRESH"];
    for name in own.into_iter().chain(["DEMO_TCP", "DEMO_HTTP", "DEMO_UDP"]) {
        command.env_remove(name);
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "the harness is told by the environment what to test")]
fn named() -> Option<PathBuf> {
    std::env::var_os("MAINSPRING_DEMO").map(PathBuf::from)
}

/// Cargo holds a lock meanwhile, so tests in many processes do not get in each other's way.
fn build() -> Option<PathBuf> {
    let test = std::env::current_exe().expect("a test knows its own path");
    // TARGET/PROFILE/deps/TEST
    let profile = test.ancestors().nth(2).expect("a test lies in the target directory");
    let target = profile.parent().expect("a profile lies in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "mainspring-demo", "--target-dir"]).arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    let status = cargo.current_dir(workspace).status().expect("cargo is there, as it has built the test");
    status.success().then(|| profile.join("mainspring-demo"))
}

/// Whether a program is on the path; a note is printed when it is not, as the test then passes untried.
#[must_use]
#[expect(clippy::print_stderr, reason = "the note is for who reads the output of the tests")]
pub fn is_installed(program: &str, version: &str) -> bool {
    let mut command = Command::new(program);
    // Some tell their version and fail.
    let installed = command.arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !installed {
        eprintln!("note: {program} is not installed, so this test is skipped");
    }
    installed
}

/// An address with a port that is free, and stays so: each test has loopback addresses of its own.
///
/// # Panics
///
/// When the system has no port left.
#[must_use]
pub fn own_address() -> SocketAddr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    // One process is one or many tests; 127.0.0.0/8 is loopback as a whole.
    let count = 1 + COUNT.fetch_add(1, Ordering::Relaxed) % 250;
    let ip = IpAddr::from(Ipv4Addr::new(127, count, high, low));
    let listener = TcpListener::bind((ip, 0)).expect("a loopback address has free ports");
    listener.local_addr().expect("it is bound")
}
