#[mainspring::main]
async fn main() -> mainspring::Entrypoint {
    mainspring::Entrypoint::new("t")
}
