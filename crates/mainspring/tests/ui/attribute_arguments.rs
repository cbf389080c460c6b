#[mainspring::main(workers = 2)]
fn main() -> mainspring::Entrypoint {
    mainspring::Entrypoint::new("t")
}
