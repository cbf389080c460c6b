//! Files in a folder of each test's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::TryStreamExt;
use mainspring_service::Entrypoint;
use mainspring_service::fs::{self, Compression, Mode, Options};
use mainspring_task::all_tasks;
use mainspring_task::blocking::{Pool, run_in};
use mainspring_task::inspect::State;
use tokio::io::AsyncWriteExt;

/// Removed with all in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("mainspring-fs-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn on_disk(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Waits, within a bound, until a file holds a text.
async fn until_holds(path: &Path, text: &str) {
    let holds = async {
        while std::fs::read_to_string(path).is_ok_and(|held| held != text) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), holds).await.unwrap();
}

/// Polls a future once and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = std::pin::pin!(future);
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn what_is_written_is_read_after_a_seek() {
    let folder = Folder::new();
    let mut file = fs::open(folder.file("test"), "w+").await.unwrap();
    for part in ["Hello", " ", "world"] {
        file.write(part).await.unwrap();
    }
    assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
    assert_eq!(file.read_to_string().await.unwrap(), "Hello world");
}

#[tokio::test]
async fn each_mode_opens_as_it_says() {
    let folder = Folder::new();
    let path = folder.file("log");
    assert_eq!(fs::open(&path, "r").await.unwrap_err().kind(), ErrorKind::NotFound);
    for (mode, expected) in [("x", "1"), ("a", "11"), ("r+", "11"), ("a+", "111"), ("w", "1"), ("ab", "11")] {
        let mut file = fs::open(&path, mode).await.unwrap();
        file.write("1").await.unwrap();
        file.close().await.unwrap();
        assert_eq!(on_disk(&path), expected, "{mode}");
    }
    assert_eq!(fs::open(&path, "x").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::open(&path, Mode::NEW.both()).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::open(&path, "rw").await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_file_open_for_reading_refuses_to_write_and_says_so_at_the_flush() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), "old").unwrap();
    let mut file = fs::open(folder.file("a"), "r").await.unwrap();
    file.write("new").await.unwrap();
    let error = file.flush().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write `"), "{error}");
}

#[tokio::test]
async fn a_hundred_thousand_small_writes_cost_one_hop_for_each_buffer() {
    let folder = Folder::new();
    let pool = Pool::builder("counted").threads(1).build();
    let mut file = Options::new().pool(&pool).open(folder.file("log"), "w").await.unwrap();
    for number in 0..100_000 {
        file.write(format!("line {number:08}\n")).await.unwrap();
    }
    file.close().await.unwrap();
    let bytes = std::fs::metadata(folder.file("log")).unwrap().len();
    assert_eq!(bytes, 1_400_000);
    let hops = pool.stats().completed;
    assert!(hops <= 2 + bytes / 65_536, "{hops} hops");
}

#[tokio::test]
async fn short_reads_cost_one_hop_for_each_buffer() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), vec![7; 200_000]).unwrap();
    let pool = Pool::builder("counted").threads(1).build();
    let mut file = Options::new().pool(&pool).open(folder.file("a"), "r").await.unwrap();
    let (mut all, mut piece) = (0, [0; 10]);
    loop {
        match file.read(&mut piece).await.unwrap() {
            0 => break,
            bytes => all += bytes,
        }
    }
    assert_eq!(all, 200_000);
    assert_eq!(pool.stats().completed, 1 + 4 + 1);
}

#[tokio::test]
async fn lines_come_without_their_ends_and_across_buffers() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), "one\r\n\ntwo two two\nthree").unwrap();
    let mut file = Options::new().buffer(4).open(folder.file("a"), "r").await.unwrap();
    let lines: Vec<_> = file.lines().try_collect().await.unwrap();
    assert_eq!(lines, ["one", "", "two two two", "three"]);
}

#[tokio::test]
async fn a_line_that_is_no_text_is_an_error() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), b"\xff\xfe\nnext\n").unwrap();
    let mut file = fs::open(folder.file("a"), "r").await.unwrap();
    assert_eq!(file.next_line().await.unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(file.next_line().await.unwrap().unwrap(), "next");
}

#[tokio::test]
async fn a_write_between_reads_goes_where_the_reader_is() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), "0123456789").unwrap();
    let mut file = fs::open(folder.file("a"), "r+").await.unwrap();
    let mut piece = [0; 3];
    file.read(&mut piece).await.unwrap();
    file.write("xy").await.unwrap();
    file.read(&mut piece).await.unwrap();
    assert_eq!(&piece, b"567");
    assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 8);
    file.close().await.unwrap();
    assert_eq!(on_disk(&folder.file("a")), "012xy56789");
}

#[tokio::test]
async fn a_file_that_is_dropped_is_flushed() {
    let folder = Folder::new();
    let mut file = fs::open(folder.file("a"), "w").await.unwrap();
    file.write("kept").await.unwrap();
    drop(file);
    until_holds(&folder.file("a"), "kept").await;
}

#[test]
fn a_file_that_is_dropped_after_its_runtime_is_flushed() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let file = runtime.block_on(async {
        let mut file = fs::open(folder.file("a"), "w").await.unwrap();
        file.write("kept").await.unwrap();
        file
    });
    drop(runtime);
    drop(file);
    assert_eq!(on_disk(&folder.file("a")), "kept");
}

/// A thread of a pool is at work on a file.
fn is_writing() -> bool {
    let jobs = all_tasks().into_iter().map(|task| task.info());
    jobs.into_iter().any(|job| &*job.name == "file" && job.state == State::Running)
}

/// What takes the bytes is a pipe: its reader is slow to begin, and the pipe holds less than is written.
#[test]
fn the_end_of_the_process_waits_for_a_file_that_was_dropped() {
    let folder = Folder::new();
    let pipe = folder.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (begun, source) = (Arc::new(AtomicBool::new(false)), pipe.clone());
    let begin = Arc::clone(&begun);
    let reader = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(source).unwrap();
        std::thread::park_timeout(Duration::from_millis(200));
        begin.store(true, Ordering::Release);
        std::io::copy(&mut pipe, &mut std::io::sink()).unwrap()
    });
    let dropped = async {
        let mut file = Options::new().buffer(1 << 20).open(&pipe, "w").await.unwrap();
        file.write(vec![b'x'; 1 << 19]).await.unwrap();
        assert!(poll_once(file.flush()).is_pending());
        while !is_writing() {
            tokio::task::yield_now().await;
        }
        drop(file);
    };
    Entrypoint::new("test").run_until(dropped).unwrap();
    assert!(begun.load(Ordering::Acquire), "nobody has waited");
    assert_eq!(reader.join().unwrap(), 1 << 19);
}

#[tokio::test]
async fn a_file_that_is_dropped_while_its_pool_is_busy_loses_nothing() {
    let folder = Folder::new();
    let pool = Pool::builder("busy").threads(1).build();
    let mut file = Options::new().pool(&pool).buffer(2).open(folder.file("a"), "w").await.unwrap();
    let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
    let busy = run_in(&pool, move || held.recv().is_err());
    file.write("ke").await.unwrap();
    assert!(poll_once(file.write("pt")).is_pending());
    drop(file);
    drop(release);
    busy.await.unwrap();
    until_holds(&folder.file("a"), "ke").await;
}

#[tokio::test]
async fn a_cancelled_read_loses_nothing() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), "one\ntwo\n").unwrap();
    let mut file = Options::new().buffer(2).open(folder.file("a"), "r").await.unwrap();
    let first = async {
        loop {
            if let Poll::Ready(line) = poll_once(file.next_line()) {
                return line.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let first = tokio::time::timeout(Duration::from_secs(10), first).await.unwrap();
    assert_eq!(first.as_deref(), Some("one"));
    assert_eq!(file.read_to_string().await.unwrap(), "two\n");
}

#[tokio::test]
async fn an_error_of_the_last_bytes_comes_out_of_close() {
    let mut file = fs::open("/dev/full", "w").await.unwrap();
    file.write("no room").await.unwrap();
    let error = file.close().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().starts_with("cannot write `/dev/full`: "), "{error}");
}

#[tokio::test]
async fn sync_and_set_len_reach_the_file() {
    let folder = Folder::new();
    let mut file = fs::open(folder.file("a"), "w").await.unwrap();
    file.write("0123456789").await.unwrap();
    file.set_len(4).await.unwrap();
    file.sync().await.unwrap();
    assert_eq!(on_disk(&folder.file("a")), "0123");
}

#[tokio::test]
async fn it_is_a_reader_and_a_writer_of_tokio() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), vec![b'x'; 300_000]).unwrap();
    let mut from = fs::open(folder.file("a"), "r").await.unwrap();
    let mut to = Options::new().compression(Compression::Zstd).open(folder.file("b"), "w").await.unwrap();
    assert_eq!(tokio::io::copy(&mut from, &mut to).await.unwrap(), 300_000);
    to.shutdown().await.unwrap();
    let mut back = Options::new().compression(Compression::Zstd).open(folder.file("b"), "r").await.unwrap();
    assert_eq!(back.read_to_end().await.unwrap().len(), 300_000);
}

#[tokio::test]
async fn packed_files_come_back_whole_also_when_appended_to() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let folder = Folder::new();
        let options = Options::new().compression(compression);
        for mode in ["w", "a"] {
            let mut file = options.clone().open(folder.file("log"), mode).await.unwrap();
            for number in 0..20_000 {
                file.write(format!("{mode}{number}\n")).await.unwrap();
            }
            file.close().await.unwrap();
        }
        assert!(std::fs::metadata(folder.file("log")).unwrap().len() < 130_000);
        let mut file = options.open(folder.file("log"), "r").await.unwrap();
        let lines: Vec<_> = file.lines().try_collect().await.unwrap();
        assert_eq!((lines.len(), lines[0].as_str(), lines[39_999].as_str()), (40_000, "w0", "a19999"));
    }
}

#[tokio::test]
async fn a_packed_file_that_was_cut_off_is_an_error() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let folder = Folder::new();
        let options = Options::new().compression(compression);
        let mut file = options.clone().open(folder.file("a"), "w").await.unwrap();
        file.write("0123456789".repeat(1000)).await.unwrap();
        file.close().await.unwrap();
        let whole = std::fs::read(folder.file("a")).unwrap();
        std::fs::write(folder.file("a"), &whole[..whole.len() - 4]).unwrap();
        let mut file = options.open(folder.file("a"), "r").await.unwrap();
        assert_eq!(file.read_to_end().await.unwrap_err().kind(), ErrorKind::UnexpectedEof, "{compression:?}");
    }
}

#[tokio::test]
async fn a_packed_file_both_ways_is_refused_before_it_is_emptied() {
    let folder = Folder::new();
    std::fs::write(folder.file("a"), "old").unwrap();
    let options = Options::new().compression(Compression::Gzip);
    assert_eq!(options.open(folder.file("a"), "w+").await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(on_disk(&folder.file("a")), "old");
}

#[tokio::test]
async fn an_atomic_write_leaves_nothing_beside() {
    let folder = Folder::new();
    for text in ["one", "two"] {
        fs::write_atomic(folder.file("state"), text).await.unwrap();
        assert_eq!(on_disk(&folder.file("state")), text);
    }
    assert_eq!(folder.names(), ["state"]);
}

#[tokio::test]
async fn an_atomic_write_takes_a_name_as_long_as_may_be() {
    let folder = Folder::new();
    let name = "n".repeat(255);
    fs::write_atomic(folder.file(&name), "text").await.unwrap();
    assert_eq!(folder.names(), [name]);
}

#[cfg(unix)]
#[tokio::test]
async fn an_atomic_write_makes_the_file_that_a_link_leads_to() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("middle", folder.file("link")).unwrap();
    std::os::unix::fs::symlink("end", folder.file("middle")).unwrap();
    fs::write_atomic(folder.file("link"), "text").await.unwrap();
    assert_eq!(on_disk(&folder.file("end")), "text");
    assert!(folder.file("link").is_symlink() && folder.file("middle").is_symlink());
}

#[cfg(unix)]
#[tokio::test]
async fn an_atomic_write_along_links_in_a_circle_is_refused() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("link", folder.file("link")).unwrap();
    let error = fs::write_atomic(folder.file("link"), "text").await.unwrap_err();
    assert!(error.to_string().starts_with("cannot replace `"), "{error}");
}

#[tokio::test]
async fn an_atomic_write_that_fails_leaves_nothing_beside() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("state")).unwrap();
    let error = fs::write_atomic(folder.file("state"), "text").await.unwrap_err();
    assert!(error.to_string().starts_with("cannot replace `"), "{error}");
    assert_eq!(folder.names(), ["state"]);
}

#[tokio::test]
async fn an_atomic_write_that_is_cancelled_leaves_the_old_or_the_new_and_nothing_beside() {
    let folder = Folder::new();
    let (old, new) = ("o".repeat(3 << 20), "n".repeat(3 << 20));
    std::fs::write(folder.file("state"), &old).unwrap();
    for polls in 0..20 {
        let mut write = Box::pin(fs::write_atomic(folder.file("state"), new.clone()));
        let _ = write.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        drop(write);
        // The pool runs to its end what it has begun.
        let idle = async {
            while Pool::io().stats().running > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), idle).await.unwrap();
        let held = on_disk(&folder.file("state"));
        assert!(held == old || held == new);
        assert_eq!(folder.names(), ["state"]);
    }
}

#[tokio::test]
async fn readers_see_the_old_or_the_new_content_while_it_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("state");
    fs::write_atomic(&path, "0".repeat(100_000)).await.unwrap();
    let there = path.clone();
    let reads = run_in(Pool::cpu(), move || {
        for _ in 0..200 {
            let held = std::fs::read(&there).unwrap();
            assert!(held.len() == 100_000 && held.iter().all(|byte| *byte == held[0]));
        }
    });
    for number in 0..20 {
        fs::write_atomic(&path, (number % 10).to_string().repeat(100_000)).await.unwrap();
    }
    reads.await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn an_atomic_write_keeps_permissions_and_follows_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    std::fs::write(folder.file("real"), "old").unwrap();
    std::fs::set_permissions(folder.file("real"), std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(folder.file("real"), folder.file("link")).unwrap();
    fs::write_atomic(folder.file("link"), "new").await.unwrap();
    assert!(folder.file("link").is_symlink());
    assert_eq!(on_disk(&folder.file("real")), "new");
    let mode = std::fs::metadata(folder.file("real")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn whole_files_are_written_and_read() {
    let folder = Folder::new();
    fs::write(folder.file("a"), "text").await.unwrap();
    assert_eq!(fs::read_to_string(folder.file("a")).await.unwrap(), "text");
    assert_eq!(fs::read(folder.file("a")).await.unwrap(), b"text");
    assert!(fs::read(folder.file("b")).await.unwrap_err().to_string().contains("/b`"));
}
