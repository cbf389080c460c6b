#[mainspring::main]
async fn main(workers: usize) {}
