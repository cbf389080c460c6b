use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mainspring_task::blocking::{self, is_cancelled};

use super::error::{at, done};

/// Replaces a file as one step: whoever reads it, also after a crash, sees the old content or the
/// new, whole.
///
/// The bytes go to a file beside it (`.name.….tmp`) and to the disk; then that file takes the name,
/// and the folder goes to the disk too. Permissions are kept; a link is followed. On an error, or
/// when the call is cancelled before the step, the file beside it is removed. Only a crash leaves it
/// behind.
///
/// # Errors
///
/// When the system refuses, also to open the folder, which must be readable for that; the error names the
/// path, and the old content stands. When only the folder could not be brought to the disk, the new content
/// stands, and a crash may bring the old one back.
///
/// # Cancel safety
///
/// Dropped before the file has taken the name, nothing has happened; after it, all has.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use mainspring_service::fs;
///
/// # let path = std::env::temp_dir().join(format!("mainspring-atomic-{}", std::process::id()));
/// fs::write_atomic(&path, "state: 1").await?;
/// fs::write_atomic(&path, "state: 2").await?;
/// assert_eq!(fs::read_to_string(&path).await?, "state: 2");
/// # std::fs::remove_file(path)
/// # }
/// ```
pub async fn write_atomic(path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref().to_owned(), bytes.into());
    let job = blocking::Builder::new().name("write_atomic");
    done(job.run(move || replace(&path, &bytes).map_err(at("replace", &path)))).await
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = followed(path)?;
    let (mut file, beside) = Beside::new(&target)?;
    if let Ok(old) = fs::metadata(&target) {
        file.set_permissions(old.permissions())?;
    }
    for piece in bytes.chunks(PIECE) {
        file.write_all(piece)?;
        beside.go_on()?;
    }
    file.sync_all()?;
    beside.go_on()?;
    // Opened before the step, after which nothing but the disk is to fail. Windows opens no folders.
    let folder = if cfg!(unix) { Some(File::open(&beside.folder)?) } else { None };
    beside.take_the_name_of(&target)?;
    // Until the folder is on the disk, a crash may bring the old content back.
    folder.map_or(Ok(()), |folder| folder.sync_all())
}

/// Where a link leads to, be there something or not.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        if !target.is_symlink() {
            return Ok(target);
        }
        let link = fs::read_link(&target)?;
        target = target.parent().unwrap_or(Path::new("")).join(link);
    }
    // Says what the system says of a circle.
    fs::canonicalize(path)
}

/// The file that becomes the new one; removed when dropped before that.
struct Beside {
    path: PathBuf,
    folder: PathBuf,
    named: bool,
}

impl Beside {
    fn new(target: &Path) -> io::Result<(File, Beside)> {
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "it has no file name");
        // Its start only: what is added must not make it too long a name.
        let name: String =
            target.file_name().ok_or_else(no_name)?.to_string_lossy().chars().take(50).collect();
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        loop {
            let path = folder.join(format!(".{name}.{:016x}.tmp", fastrand::u64(..)));
            match File::create_new(&path) {
                Ok(file) => return Ok((file, Beside { path, folder, named: false })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn go_on(&self) -> io::Result<()> {
        if is_cancelled() { Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled")) } else { Ok(()) }
    }

    fn take_the_name_of(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.named {
            // A file that cannot be removed is no worse than one left by a crash.
            drop(fs::remove_file(&self.path));
        }
    }
}

const PIECE: usize = 1 << 20;

/// As many links in a row as Linux follows.
const LINKS: usize = 40;
