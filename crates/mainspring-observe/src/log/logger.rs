use mainspring_service::entrypoint::{Environment, Installed, Logger};

use super::{Guard, Log};

/// Lets an entrypoint set the log up: it keeps the [`Guard`] until the process ends.
impl Logger for Log {
    fn install(self: Box<Self>, environment: &Environment) -> mainspring_service::Result<Box<dyn Installed>> {
        // By its full name: the inherent one, not this.
        let guard = Log::install(*self, environment)?;
        Ok(Box::new(guard))
    }
}

impl Installed for Guard {
    fn set_filter(&self, directives: &str) -> mainspring_service::Result {
        Ok(self.filter(directives)?)
    }
}
