use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets this process, and what it starts, open as many files as the system allows; tells how many that are.
pub fn raise_file_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it fails the old limit stays, and is told.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
