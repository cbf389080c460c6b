//! What the workers can do.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use mainspring_service::Result;
use mainspring_service::process::{Jobs, is_cancelled};
use serde::{Deserialize, Serialize};

/// Fields that only a format with names can carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Picture {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) title: Option<String>,
    pub(crate) scale: f64,
    #[serde(flatten)]
    pub(crate) size: Size,
    pub(crate) pixels: BTreeMap<(u8, u8), Pixel>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) width: u64,
    pub(crate) height: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Pixel {
    Gray(u8),
    Named(String),
}

/// The name of the pool decides which of the set-ups is tried.
pub(crate) fn register(jobs: &mut Jobs) -> Result {
    match std::env::args().nth(1).as_deref() {
        Some("refusing") => return Err("the model cannot be loaded".into()),
        Some("panicking") => panic!("no model at all"),
        Some("ending") => exit(3),
        Some("doubled") => jobs.add("pid", |()| Ok(())),
        _ => {}
    }
    jobs.add("pid", |()| Ok(std::process::id()));
    jobs.add("double", |number: u64| Ok(2 * number));
    jobs.add("picture", |picture: Picture| Ok(picture));
    jobs.add("reverse", |text: String| Ok(text.chars().rev().collect::<String>()));
    jobs.add("long", |length: usize| Ok("x".repeat(length)));
    jobs.add("print", |text: String| {
        println!("said: {text}");
        eprintln!("whispered: {text}");
        Ok(())
    });
    jobs.add("stdin", |()| {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        Ok(text)
    });
    jobs.add("open", |()| Ok(open()));
    add_trouble(jobs);
    Ok(())
}

fn add_trouble(jobs: &mut Jobs) {
    jobs.add("fail", |path: String| -> Result<String> { Ok(std::fs::read_to_string(path)?) });
    jobs.add("parse", |text: String| -> Result<u8> {
        text.parse::<u8>().map_err(|source| Wrapped { source }.into())
    });
    jobs.add("panic", |text: String| -> Result { panic!("no such {text}") });
    jobs.add("exit", |code: i32| -> Result { exit(code) });
    jobs.add("nap", |milliseconds: u64| {
        pause(Duration::from_millis(milliseconds));
        Ok(milliseconds)
    });
    jobs.add("spin", |()| -> Result {
        loop {
            pause(Duration::from_secs(1));
        }
    });
    jobs.add("until cancelled", |()| {
        while !is_cancelled() {
            pause(Duration::from_millis(1));
        }
        println!("a job was cancelled");
        Ok(())
    });
    jobs.add("start a sleeper", |()| {
        let sleeper =
            Command::new("sleep").arg("1000").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(sleeper.id())
    });
}

/// What every descriptor of this process leads to.
fn open() -> Vec<String> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let target = |entry: std::fs::DirEntry| std::fs::read_link(entry.path()).ok();
    descriptors.filter_map(target).map(|path| path.display().to_string()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a job that ends its process is what is tried")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}

#[expect(clippy::disallowed_methods, reason = "a worker has no runtime, and the job is to block")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[derive(Debug)]
struct Wrapped {
    source: std::num::ParseIntError,
}

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this is no number")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
