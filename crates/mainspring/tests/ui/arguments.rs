#[mainspring::main]
fn main(workers: usize) -> mainspring::Entrypoint {
    mainspring::Entrypoint::new("t")
}
