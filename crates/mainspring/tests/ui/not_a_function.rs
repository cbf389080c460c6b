#[mainspring::main]
struct Main;

fn main() {}
