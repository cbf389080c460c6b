use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mainspring_benches::pause;
use mainspring_benches::servers::Server;

use crate::machine;

/// A server that runs on its core; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(server: &Server, peers: &Path) -> io::Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let words = server.command(peers, &address.port().to_string())?;
        let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{program}: {error}"));
        // It inherits the core.
        machine::stay_on(machine::SERVER)?;
        let child = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        machine::stay_on(machine::LOAD)?;
        let process = Process { child: child.map_err(named)?, address };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                pause(Duration::from_millis(200));
                return Ok(process);
            }
            pause(Duration::from_millis(50));
        }
        Err(named(io::Error::other("it does not listen")))
    }

    /// The processor time that all its threads have taken, in nanoseconds.
    pub(crate) fn time(&self) -> io::Result<u64> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let time = stat.split_whitespace().next().ok_or(io::ErrorKind::InvalidData)?;
            sum += time.parse::<u64>().map_err(io::Error::other)?;
        }
        Ok(sum)
    }

    /// How many ticks of the system's clock met it at work of its own, and how many in the kernel.
    pub(crate) fn ticks(&self) -> io::Result<[u64; 2]> {
        let stat = self.read("stat")?;
        // The name of the program, in parentheses, may have spaces.
        let (_, rest) = stat.rsplit_once(')').ok_or(io::ErrorKind::InvalidData)?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |place: usize| -> io::Result<u64> {
            fields.get(place).ok_or(io::ErrorKind::InvalidData)?.parse().map_err(io::Error::other)
        };
        Ok([number(11)?, number(12)?])
    }

    /// How many bytes of memory it has.
    pub(crate) fn memory(&self) -> io::Result<u64> {
        let statm = self.read("statm")?;
        let pages: u64 = statm
            .split_whitespace()
            .nth(1)
            .ok_or(io::ErrorKind::InvalidData)?
            .parse()
            .map_err(io::Error::other)?;
        Ok(pages * rustix::param::page_size() as u64)
    }

    /// The memory once it has not changed for a while.
    pub(crate) fn settled_memory(&self) -> io::Result<u64> {
        let mut last = self.memory()?;
        let mut same = 0;
        for _ in 0..100 {
            pause(Duration::from_millis(100));
            let now = self.memory()?;
            same = if now == last { same + 1 } else { 0 };
            last = now;
            if same == 5 {
                break;
            }
        }
        Ok(last)
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
