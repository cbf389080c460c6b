#[mainspring::main]
fn main() {
    mainspring::Entrypoint::new("t");
}
