//! The programs that this one plays when it is run as a child.

use std::io::Write;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::process::Command;

use mainspring_service::Entrypoint;
use mainspring_service::process::{Child, Ready, WorkerPool};
use mainspring_service::service::Configure;

/// A command that makes this program play a role.
pub(crate) fn role(name: &str, argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--play", name, argument]);
    command
}

/// Plays the role that the arguments name; `false` when they name none.
pub(crate) fn play() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, play, name, argument] = &arguments[..] else { return false };
    if play != "--play" {
        return false;
    }
    match &**name {
        "tcp" => accept_tcp(argument),
        "unix" => drop(UnixListener::bind(argument).unwrap().accept()),
        "notify" => notify(),
        "parent" => parent(),
        "parent of a program" => parent_of_a_program(),
        "env of a child" => return show_env(),
        other => panic!("there is no role {other}"),
    }
    loop {
        std::thread::park();
    }
}

fn accept_tcp(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
}

#[expect(clippy::disallowed_methods, reason = "this is the child that the variable is for")]
fn notify() {
    let address = std::env::var("NOTIFY_SOCKET").unwrap();
    let name = address.strip_prefix('@').unwrap();
    let socket = UnixDatagram::unbound().unwrap();
    let address = SocketAddr::from_abstract_name(name).unwrap();
    socket.send_to_addr(b"STATUS=warming up\n", &address).unwrap();
    socket.send_to_addr(b"READY=1\n", &address).unwrap();
}

/// Prints the environment that a child of this process finds.
fn show_env() -> bool {
    let child = Child::new("env", Command::new("env")).ready_when(Ready::line("KEPT"));
    tracing_subscriber::fmt().with_ansi(false).init();
    Entrypoint::new("outer").service(child).run_until(async {}).unwrap();
    true
}

/// A process with a program that asks to end with it; says when that runs.
fn parent_of_a_program() {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "sleep", "1000"]);
    let child = Child::new("program", command).group("programs");
    let ended = Entrypoint::new("parent").service(child).run_until(async {
        println!("the program runs");
        std::io::stdout().flush().unwrap();
        std::future::pending::<()>().await;
    });
    panic!("nobody ends this: {ended:?}");
}

/// A process with workers, one of them at work; says so in a line.
fn parent() {
    let pool = WorkerPool::new(2);
    let busy = pool.clone();
    let runtime = Entrypoint::new("parent").service(pool).run_until(async move {
        let job = mainspring_task::spawn(busy.run::<_, ()>("spin", &()));
        while busy.stats().busy == 0 {
            tokio::task::yield_now().await;
        }
        println!("the workers work");
        std::io::stdout().flush().unwrap();
        drop(job.await);
    });
    panic!("nobody ends this: {runtime:?}");
}
