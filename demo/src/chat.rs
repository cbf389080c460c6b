use mainspring::prelude::*;
use mainspring::web::ws::{Message, WebSocket, WebSocketUpgrade};
use mainspring::web::{Error, Hub, Missed};
use serde_json::json;

use crate::rate::Rate;

/// Bytes of a message; with [`ROOM`] it bounds what a listener that does not listen costs.
const LONGEST: usize = 1024 * 1024;
/// How many messages wait for one who reads slowly.
const ROOM: usize = 16;

/// Where all who are connected meet.
pub(crate) fn room() -> Hub<Message> {
    Hub::new(ROOM)
}

/// What one says, all hear: text as `{"said":"…"}`, bytes as they are. The rate is told as it changes.
pub(crate) async fn chat(
    State(room): State<Hub<Message>>,
    State(rate): State<Shared<Rate>>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Error> {
    upgrade.max_message(LONGEST).on_upgrade(|socket| talk(socket, room, rate))
}

async fn talk(mut socket: WebSocket, room: Hub<Message>, rate: Shared<Rate>) -> Result<(), Error> {
    let mut others = room.listen();
    let mut told = None;
    loop {
        tokio::select! {
            // First comes what others wait to be rid of, so that nobody floods himself out of the room.
            biased;
            heard = others.next() => match heard {
                Some(Ok(message)) => socket.send(message).await?,
                Some(Err(Missed(count))) => socket.send(json!({ "missed": count }).to_string()).await?,
                None => return Ok(()),
            },
            now = rate.until(|now| told.as_ref() != Some(now)) => {
                socket.send(Message::json(&now)?).await?;
                told = Some(now);
            }
            message = socket.receive() => match message {
                Some(Message::Text(text)) => {
                    room.send(json!({ "said": text.as_str() }).to_string().into());
                }
                Some(bytes) => {
                    room.send(bytes);
                }
                None => return Ok(()),
            },
        }
    }
}
