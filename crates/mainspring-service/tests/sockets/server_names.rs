//! One TLS server with the certificates of several names (SNI).

use mainspring_service::net::TlsServer;
use mainspring_service::net::tls::ServerTls;

use crate::support::{Authority, Folder, echo, start, start_error};

/// An authority for each name tells which certificate was shown: a client trusts one alone.
struct Named {
    name: &'static str,
    authority: Authority,
}

/// A server's certificates: the first one is the default.
fn set_up(folder: &Folder, names: [&'static str; 4]) -> (Vec<Named>, ServerTls) {
    let mut named = Vec::new();
    let mut tls = None;
    for name in names {
        let authority = Authority::new();
        let (certificate, key) = write(folder, &authority, name);
        tls = Some(match tls {
            None => ServerTls::pem(certificate, key),
            Some(tls) => ServerTls::certificate_for(tls, name, certificate, key),
        });
        named.push(Named { name, authority });
    }
    (named, tls.unwrap())
}

fn write(folder: &Folder, authority: &Authority, name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let identity = authority.sign(name);
    let certificate = folder.write(&format!("{name}.pem"), &identity.certificate);
    (certificate, folder.write(&format!("{name}-key.pem"), &identity.key))
}

const NAMES: [&str; 4] = ["localhost", "one.shop.example", "*.shop.example", "two.other"];

#[tokio::test]
async fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let folder = Folder::new();
    let (named, tls) = set_up(&folder, NAMES);
    let running = start(TlsServer::bind("127.0.0.1:0", tls, echo)).await;
    let address = running.address("tls").unwrap();
    // A whole name goes before one with a star, and case does not matter.
    let asked = [
        ("localhost", 0),
        ("one.shop.example", 1),
        ("ONE.Shop.Example", 1),
        ("any.shop.example", 2),
        ("two.other", 3),
    ];
    for (name, right) in asked {
        for (number, Named { authority, .. }) in named.iter().enumerate() {
            let connected = authority.client().name(name).connect(address).await;
            assert_eq!(
                connected.is_ok(),
                number == right,
                "{name} by the authority of {}",
                named[number].name
            );
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_has_is_shown_the_default() {
    let folder = Folder::new();
    let (named, tls) = set_up(&folder, NAMES);
    let running = start(TlsServer::bind("127.0.0.1:0", tls, echo)).await;
    let address = running.address("tls").unwrap();
    // An address is asked for by no name; neither does a star stand for two labels.
    for name in ["unheard.of", "a.b.shop.example", "127.0.0.1"] {
        let error = named[0].authority.client().name(name).connect(address).await.unwrap_err();
        assert!(error.to_string().contains("not valid for name"), "{error}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn each_certificate_is_loaded_again() {
    let folder = Folder::new();
    let (named, tls) = set_up(&folder, NAMES);
    let server = TlsServer::bind("127.0.0.1:0", tls, echo);
    let reload = server.reload();
    let running = start(server).await;
    let address = running.address("tls").unwrap();
    let new = Authority::new();
    write(&folder, &new, "two.other");
    reload.reload().await.unwrap();
    assert!(new.client().name("two.other").connect(address).await.is_ok());
    assert!(named[3].authority.client().name("two.other").connect(address).await.is_err());
    assert!(named[1].authority.client().name("one.shop.example").connect(address).await.is_ok());

    // One that cannot be used leaves all as they are.
    write(&folder, &Authority::new(), "one.shop.example");
    std::fs::remove_file(folder.file("two.other.pem")).unwrap();
    let error = reload.reload().await.unwrap_err().to_string();
    assert!(error.contains("two.other.pem"), "{error}");
    assert!(named[1].authority.client().name("one.shop.example").connect(address).await.is_ok());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_for_its_name_fails_the_start() {
    let folder = Folder::new();
    let authority = Authority::new();
    let (certificate, key) = write(&folder, &authority, "one.shop.example");
    let tls = |name: &str| ServerTls::pem(&certificate, &key).certificate_for(name, &certificate, &key);
    let error = start_error(TlsServer::bind("127.0.0.1:0", tls("two.example"), echo)).await;
    assert!(error.contains("one.shop.example.pem is not for `two.example`"), "{error}");
    let error = start_error(TlsServer::bind("127.0.0.1:0", tls("*.shop.example"), echo)).await;
    assert!(error.contains("one.shop.example.pem is not for `*.shop.example`"), "{error}");
    let error = start_error(TlsServer::bind("127.0.0.1:0", tls("no name"), echo)).await;
    assert!(error.contains("`no name` is no name that a client can ask for"), "{error}");
}
