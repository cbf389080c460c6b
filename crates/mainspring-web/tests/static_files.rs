//! Files over real sockets.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::{App, Files, HttpServer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(20);

struct Site {
    directory: TempDir,
    running: Running,
    address: SocketAddr,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

impl Site {
    /// A directory with some files, served below `/static/` as `configure` wants it.
    async fn new(configure: impl FnOnce(Files) -> Files) -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("docs")).expect("it is writable");
        std::fs::write(directory.path().join("secret"), "secret").expect("it is writable");
        for (name, text) in [
            ("hello.txt", "0123456789"),
            ("page.html", "<p>Meow.</p>"),
            ("page.html.gz", "gzipped"),
            ("page.html.br", "brotli"),
            (".hidden", "hidden"),
            ("docs/index.html", "the index"),
            ("with space.txt", "space"),
        ] {
            std::fs::write(root.join(name), text).expect("it is writable");
        }
        std::fs::write(root.join("large.bin"), large()).expect("it is writable");
        let files = configure(Files::open(&root).expect("it is there"));
        let app = App::new().get("/static/", files.clone()).get("/static/{*path}", files);
        let server = HttpServer::bind("127.0.0.1:0", app).name("files");
        let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
        let address = running.address("files").expect("the server listens");
        Self { directory, running, address }
    }

    async fn plain() -> Self {
        Self::new(|files| files).await
    }

    fn root(&self) -> std::path::PathBuf {
        self.directory.path().join("root")
    }

    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers).await
    }

    async fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let asking = async {
            let mut stream = TcpStream::connect(self.address).await.expect("the server accepts");
            let request =
                format!("{method} /static/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).await.expect("the server reads");
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.expect("the answer is whole");
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("the head ends");
            let head = String::from_utf8(bytes[..end].to_vec()).expect("the head is text");
            let status = head[9..12].parse().expect("a status is a number");
            Answer { status, head, body: bytes[end + 4..].to_vec() }
        };
        timeout(BOUND, asking).await.expect("it does not hang")
    }

    async fn stop(self) {
        self.running.stop().await.expect("it stops in order");
    }
}

fn large() -> Vec<u8> {
    (0..1_000_000_u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn a_file_has_type_length_tag_and_date() {
    let site = Site::plain().await;
    let answer = site.get("hello.txt", "").await;
    assert_eq!((answer.status, answer.text()), (200, "0123456789"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some("10"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert!(answer.header("etag").is_some() && answer.header("last-modified").is_some(), "{}", answer.head);
    site.stop().await;
}

#[tokio::test]
async fn a_name_with_a_blank_is_found() {
    let site = Site::plain().await;
    assert_eq!(site.get("with%20space.txt", "").await.text(), "space");
    site.stop().await;
}

#[tokio::test]
async fn a_large_file_comes_whole_and_in_parts() {
    let site = Site::plain().await;
    let whole = site.get("large.bin", "").await;
    assert_eq!(whole.status, 200);
    assert!(whole.body == large());
    let part = site.get("large.bin", "Range: bytes=500000-899999\r\n").await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), Some("bytes 500000-899999/1000000"));
    assert!(part.body == large()[500_000..900_000]);
    site.stop().await;
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let site = Site::plain().await;
    for (path, length) in [("hello.txt", "10"), ("large.bin", "1000000")] {
        let answer = site.ask("HEAD", path, "").await;
        assert_eq!((answer.status, answer.header("content-length")), (200, Some(length)));
        assert!(answer.body.is_empty());
    }
    site.stop().await;
}

#[tokio::test]
async fn ranges_of_a_small_file_are_cut() {
    let site = Site::plain().await;
    for (range, body, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
    ] {
        let answer = site.get("hello.txt", &format!("Range: {range}\r\n")).await;
        assert_eq!((answer.status, answer.text()), (206, body), "{range}");
        assert_eq!(answer.header("content-range"), Some(content_range));
    }
    site.stop().await;
}

#[tokio::test]
async fn a_range_beyond_the_end_is_a_416_with_the_length() {
    let site = Site::plain().await;
    let answer = site.get("hello.txt", "Range: bytes=10-20\r\n").await;
    assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */10")));
    site.stop().await;
}

#[tokio::test]
async fn several_ranges_come_as_multipart() {
    let site = Site::plain().await;
    let answer = site.get("large.bin", "Range: bytes=0-9,500000-599999\r\n").await;
    assert_eq!(answer.status, 206);
    let kind = answer.header("content-type").expect("it has a type");
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("it is multipart");
    let expected = [
        format!(
            "--{boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes 0-9/1000000\r\n\r\n"
        )
        .into_bytes(),
        large()[0..10].to_vec(),
        format!(
            "\r\n--{boundary}\r\ncontent-type: application/octet-stream\r\n\
             content-range: bytes 500000-599999/1000000\r\n\r\n"
        )
        .into_bytes(),
        large()[500_000..600_000].to_vec(),
        format!("\r\n--{boundary}--\r\n").into_bytes(),
    ]
    .concat();
    assert!(answer.body == expected);
    assert_eq!(answer.header("content-length"), Some(expected.len().to_string().as_str()));
    site.stop().await;
}

#[tokio::test]
async fn a_client_that_has_it_is_told_so() {
    let site = Site::plain().await;
    let first = site.get("hello.txt", "").await;
    let etag = first.header("etag").expect("it has a tag");
    let date = first.header("last-modified").expect("it has a date");
    for header in [format!("If-None-Match: {etag}\r\n"), format!("If-Modified-Since: {date}\r\n")] {
        let answer = site.get("hello.txt", &header).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{header}");
        assert_eq!(answer.header("etag"), Some(etag));
    }
    assert_eq!(site.get("hello.txt", "If-Match: \"other\"\r\n").await.status, 412);
    site.stop().await;
}

#[tokio::test]
async fn a_changed_file_has_another_tag() {
    let site = Site::plain().await;
    let first = site.get("hello.txt", "").await;
    std::fs::write(site.root().join("hello.txt"), "changed").expect("it is writable");
    let etag = first.header("etag").expect("it has a tag");
    let answer = site.get("hello.txt", &format!("If-None-Match: {etag}\r\n")).await;
    assert_eq!((answer.status, answer.text()), (200, "changed"));
    site.stop().await;
}

#[tokio::test]
async fn a_compressed_sibling_goes_to_clients_that_take_it() {
    let site = Site::plain().await;
    for (accepts, body, coding) in [
        ("Accept-Encoding: gzip, br\r\n", "brotli", Some("br")),
        ("Accept-Encoding: gzip\r\n", "gzipped", Some("gzip")),
        ("Accept-Encoding: zstd\r\n", "<p>Meow.</p>", None),
        ("", "<p>Meow.</p>", None),
    ] {
        let answer = site.get("page.html", accepts).await;
        assert_eq!((answer.text(), answer.header("content-encoding")), (body, coding), "{accepts}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
    site.stop().await;
}

#[tokio::test]
async fn a_directory_is_its_index_behind_a_slash() {
    let site = Site::plain().await;
    assert_eq!(site.get("docs/", "").await.text(), "the index");
    let answer = site.get("docs?a=b", "").await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("/static/docs/?a=b")));
    assert_eq!(site.get("hello.txt/", "").await.status, 404);
    site.stop().await;
}

#[tokio::test]
async fn a_directory_without_an_index_is_shown_only_on_request() {
    let closed = Site::plain().await;
    assert_eq!(closed.get("", "").await.status, 404);
    closed.stop().await;
    let open = Site::new(|files| files.listing(true)).await;
    let page = open.get("", "").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<a href=\"./hello.txt\">hello.txt</a> 10"), "{}", page.text());
    assert!(page.text().contains("<a href=\"./docs/\">docs/</a>"), "{}", page.text());
    assert!(!page.text().contains("hidden"), "{}", page.text());
    open.stop().await;
}

#[tokio::test]
async fn the_fallback_answers_for_what_is_not_there() {
    let site = Site::new(|files| files.fallback("page.html")).await;
    let answer = site.get("cats/7", "").await;
    assert_eq!((answer.status, answer.text()), (200, "<p>Meow.</p>"));
    assert_eq!(site.get("../secret", "").await.status, 404);
    site.stop().await;
}

#[tokio::test]
async fn no_spelling_of_a_path_leaves_the_root() {
    let site = Site::plain().await;
    for path in [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "docs/../../secret",
        "docs/..%2f..%2fsecret",
        "/secret",
        "%2fsecret",
        "//secret",
        "..%5csecret",
        "....//secret",
        "..%00/secret",
        "hello.txt%00",
        "./hello.txt",
        "docs//index.html",
        "%252e%252e/secret",
        "..;/secret",
        ".hidden",
        "%2ehidden",
    ] {
        let answer = site.get(path, "").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("secret") && !answer.text().contains("hidden"), "{path}");
    }
    site.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_only_within_the_root() {
    use std::os::unix::fs::symlink;
    let link = |root: &Path| {
        symlink("hello.txt", root.join("inside")).expect("it is writable");
        symlink("../secret", root.join("outside")).expect("it is writable");
        symlink(root.parent().expect("it has one").join("secret"), root.join("absolute"))
            .expect("it is writable");
        symlink("..", root.join("docs/up")).expect("it is writable");
        symlink("self", root.join("self")).expect("it is writable");
    };
    let site = Site::plain().await;
    link(&site.root());
    assert_eq!(site.get("inside", "").await.text(), "0123456789");
    for path in ["outside", "absolute", "self", "docs/up/up/secret"] {
        assert_eq!(site.get(path, "").await.status, 404, "{path}");
    }
    assert_eq!(site.get("docs/up/hello.txt", "").await.status, 200);
    site.stop().await;
    let open = Site::new(|files| files.follow_links(true)).await;
    link(&open.root());
    assert_eq!(open.get("outside", "").await.text(), "secret");
    open.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_no_file_and_holds_nobody_up() {
    let site = Site::plain().await;
    let made = std::process::Command::new("mkfifo").arg(site.root().join("pipe")).status();
    assert!(made.expect("mkfifo is there").success());
    assert_eq!(site.get("pipe", "").await.status, 404);
    site.stop().await;
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let error = Files::open("no/such/directory").expect_err("it is not there");
    assert!(error.to_string().contains("no/such/directory"), "{error}");
}
