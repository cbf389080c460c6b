//! TCP, TLS, UDP and work that comes round, in one process, behind one shutdown.
//!
//! Run it with `cargo run --example 33_many_protocols`. The log tells where each listens; with the ports from there:
//!
//! ```sh
//! nc 127.0.0.1 PORT
//! openssl s_client -quiet -connect 127.0.0.1:PORT     # its certificate is of its own making
//! echo tick | nc -u -w1 127.0.0.1 PORT
//! ```
//!
//! Over TCP and TLS what you say comes back in capitals, up to the end of your words; over UDP as well. Now and
//! then the log counts how many words there were. Ctrl-C ends it all when nobody is in the middle of a sentence.

use std::path::Path;
use std::{fs, io};

use mainspring::net::Connection;
use mainspring::net::tls::ServerTls;
use mainspring::prelude::*;
use rcgen::generate_simple_self_signed;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

type Count = Shared<usize>;

/// Takes TCP and TLS alike.
async fn shout(count: Count, client: Connection) -> io::Result<()> {
    let mut lines = BufReader::new(client);
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        count.update(|count| *count += line.split_whitespace().count());
        lines.write_all(line.to_uppercase().as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

async fn shout_back(count: Count, datagram: Datagram) -> io::Result<()> {
    let text = String::from_utf8_lossy(&datagram.data).to_uppercase();
    count.update(|count| *count += text.split_whitespace().count());
    datagram.reply(text.as_bytes()).await
}

async fn report(count: Count) {
    tracing::info!(words = count.get(), "so far");
}

/// A certificate for this one run.
fn certificate(folder: &Path) -> Result<ServerTls> {
    let made = generate_simple_self_signed(["localhost".to_owned()])?;
    fs::create_dir_all(folder)?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem())?;
    fs::write(&key, made.signing_key.serialize_pem())?;
    Ok(ServerTls::pem(certificate, key))
}

#[mainspring::main]
fn main() -> Result<Entrypoint> {
    let count = Count::new(0);
    let (tcp, tls, udp, told) = (count.clone(), count.clone(), count.clone(), count);
    let folder = std::env::temp_dir().join(format!("many-protocols-{}", std::process::id()));
    let (any, certificate) = ("127.0.0.1:0", certificate(&folder)?);
    Ok(Entrypoint::new("protocols")
        .service(TcpServer::bind(any, move |client: Connection| shout(tcp.clone(), client)))
        .service(TlsServer::bind(any, certificate, move |client| shout(tls.clone(), client)))
        .service(UdpServer::bind(any, move |datagram| shout_back(udp.clone(), datagram)))
        .service(Periodic::every(Duration::from_millis(500), move || report(told.clone())).name("report"))
        .after_stop(|| async { fs::remove_dir_all(folder) }))
}
