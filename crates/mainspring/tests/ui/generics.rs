#[mainspring::main]
fn main<T>() -> mainspring::Entrypoint {
    mainspring::Entrypoint::new("t")
}
