use std::any::Any;

use mainspring_service::entrypoint::{Environment, Logger};

use super::Log;

/// Lets an entrypoint set the log up: it keeps the [`Guard`](super::Guard) until the process ends.
impl Logger for Log {
    fn install(
        self: Box<Self>,
        environment: &Environment,
    ) -> mainspring_service::Result<Box<dyn Any + Send>> {
        // By its full name: the inherent one, not this.
        let guard = Log::install(*self, environment)?;
        Ok(Box::new(guard))
    }
}
