//! A file is read and written without holding up the loop: its calls run on threads of a pool.
//!
//! Run it with `cargo run --example 34_files`.
//!
//! You see what was written, read back from the beginning, then its lines one by one, and what is in a file that
//! is packed on its way.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io::SeekFrom;

use futures_util::TryStreamExt;
use mainspring::fs::{self, Compression, Options};
use mainspring::prelude::*;

async fn run() -> Result {
    let path = std::env::temp_dir().join(format!("mainspring-34-{}", std::process::id()));
    let mut file = fs::open(&path, "w+").await?;
    file.write("Hello").await?;
    file.write(" ").await?;
    file.write("world\nand goodbye\n").await?;
    file.seek(SeekFrom::Start(0)).await?;
    print!("{}", file.read_to_string().await?);

    file.seek(SeekFrom::Start(0)).await?;
    let mut lines = file.lines();
    while let Some(line) = lines.try_next().await? {
        println!("a line of {} bytes", line.len());
    }
    // Dropped without this, it is flushed all the same before the process ends; but nobody is told of an error.
    file.close().await?;

    let packed = Options::new().compression(Compression::Zstd);
    let mut log = packed.clone().open(&path, "w").await?;
    log.write("packed\n".repeat(1000)).await?;
    log.close().await?;
    println!("{} bytes on disk", fs::read(&path).await?.len());
    println!("{} bytes in it", packed.open(&path, "r").await?.read_to_end().await?.len());
    std::fs::remove_file(path)?;
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("files").run_until(run())?
}
