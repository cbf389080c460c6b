//! A handler may answer with values whose type is known only at run time: rows of a database, dates, maps of such.
//! How each type becomes JSON is registered once.
//!
//! Run it with `cargo run --example 40_payloads`, and ask from another terminal:
//!
//! ```sh
//! curl http://127.0.0.1:8080/
//! curl -i http://127.0.0.1:8080/secret
//! ```
//!
//! You see `{"data":{"col":1,"name":"Ada","weight":4.2,"photo":null,"born":"2022-09-05T22:26:25Z"}}`, and a 500. The log
//! says why: nobody has registered `Secret`, and how that is done.

use jiff::Timestamp;
use mainspring::prelude::*;
use mainspring::web::Error;
use mainspring::web::payload::{Payload, register_json, register_serialize};
use rusqlite::Connection;
use rusqlite::types::Value;

/// A row of whatever a query selects: names and values of its columns.
struct Record(Vec<(String, Value)>);

/// Nobody registers it.
struct Secret;

/// Asks the database on a thread that may block.
async fn fetch_row(query: &'static str) -> Result<Record> {
    let fetch = move || {
        let connection = Connection::open_in_memory()?;
        connection.query_row(query, [], |row| {
            let names = row.as_ref().column_names().map(str::to_owned).enumerate();
            names.map(|(at, name)| Ok((name, row.get(at)?))).collect::<rusqlite::Result<_>>().map(Record)
        })
    };
    Ok(threaded(fetch).await??)
}

async fn row() -> Result<Payload, Error> {
    let query = "SELECT 1 AS col, 'Ada' AS name, 4.2 AS weight, NULL AS photo";
    let mut record = fetch_row(query).await.map_err(Error::from_boxed)?;
    let born = Timestamp::from_second(1_662_416_785)?;
    let columns = record.0.drain(..).map(|(name, value)| (name, Payload::new(value)));
    let data = columns.chain([("born".to_owned(), Payload::new(born))]);
    Ok(Payload::map([("data", Payload::map(data))]))
}

#[mainspring::main]
fn main() -> Entrypoint {
    register_json(|record: &Record| {
        Ok(Payload::map(record.0.iter().map(|(name, value)| (name.clone(), Payload::new(value.clone())))))
    });
    register_json(|value: &Value| {
        Ok(match value {
            Value::Null => Payload::new(()),
            Value::Integer(number) => Payload::new(*number),
            Value::Real(number) => Payload::new(*number),
            Value::Text(text) => Payload::new(text.clone()),
            Value::Blob(bytes) => {
                return Err(Error::bad_request(format!("{} bytes are no JSON", bytes.len())));
            }
        })
    });
    register_serialize::<Timestamp>();

    let app =
        App::new().get("/", row).get("/secret", || async { Payload::map([("data", Payload::new(Secret))]) });
    Entrypoint::new("payloads").service(HttpServer::bind("127.0.0.1:8080", app))
}
