//! A service is a type with a `start`, and perhaps a `stop`; both may await, and both may fail.
//!
//! Run it with `cargo run --example 30_service`.
//!
//! You see the counter load its number, the program use what it was given, and the counter store its number when
//! the program has ended. At Ctrl-C, or when another service fails, it would be the same.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

struct Counter {
    number: Shared<u32>,
}

impl Service for Counter {
    async fn start(&mut self, _: &Context) -> Result {
        sleep(Duration::from_millis(20)).await;
        self.number.set(41);
        println!("loaded 41");
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        sleep(Duration::from_millis(20)).await;
        println!("stored {}", self.number.get());
        Ok(())
    }
}

fn main() -> Result {
    let number = Shared::new(0);
    let counter = Counter { number: number.clone() };
    Entrypoint::new("counter").service(counter).run_until(async {
        number.update(|number| *number += 1);
        println!("counted to {}", number.get());
    })?;
    Ok(())
}
