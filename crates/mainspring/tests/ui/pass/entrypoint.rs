use std::process::ExitCode;

mod program {
    use mainspring::Entrypoint;

    /// Starts everything.
    #[mainspring::main]
    pub fn main() -> Entrypoint {
        Entrypoint::new("t")
    }
}

fn main() {
    let _: fn() -> ExitCode = program::main;
}
