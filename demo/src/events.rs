use futures_util::stream;
use mainspring::prelude::*;
use mainspring::web::sse::{Event, Events};

use crate::rate::Rate;

/// Tells the rate, and then every other one as it comes.
pub(crate) async fn events(State(rate): State<Shared<Rate>>) -> Events {
    Events::new(stream::unfold((rate, None), async |(rate, told)| {
        let now = rate.until(|now| told.as_ref() != Some(now)).await;
        Some((Event::json(&now).map(|event| event.name("rate")), (rate, Some(now))))
    }))
}
