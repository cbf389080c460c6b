use std::process::ExitCode;

mod program {
    use mainspring::Entrypoint;

    #[mainspring::main]
    pub fn main() -> Result<Entrypoint, std::num::ParseIntError> {
        let _workers: usize = "2".parse()?;
        Ok(Entrypoint::new("t"))
    }
}

fn main() {
    let _: fn() -> ExitCode = program::main;
}
