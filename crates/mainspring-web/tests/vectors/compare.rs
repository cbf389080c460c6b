//! hyper as a second opinion: what we serve, it serves too, and understands the same by it.
//!
//! We may refuse more. Where we take what hyper refuses, [`EXCUSES`] says why that is right.

use mainspring_web::http1::{Limits, Version};

use crate::hyper_server::{Understood, understood};
use crate::outcome::{Served, serve};

/// A reason why hyper need not serve what we serve.
struct Excuse {
    #[expect(dead_code, reason = "it is written for the reader")]
    reason: &'static str,
    applies: fn(&Served) -> bool,
}

const EXCUSES: &[Excuse] = &[];

/// Compares the two readers; the difference in words.
pub(crate) fn difference(input: &[u8], limits: Limits) -> Option<String> {
    let ours = serve(&[input], limits).served;
    if ours.is_empty() {
        return None;
    }
    let theirs = understood(input);
    for (index, served) in ours.iter().enumerate() {
        match theirs.get(index) {
            None if EXCUSES.iter().any(|excuse| (excuse.applies)(served)) => return None,
            None => return Some(format!("hyper does not serve {served}")),
            Some(other) if *other != ours_as(served, other) => {
                return Some(format!("hyper understands {other:?} by {served}"));
            }
            Some(_) => {}
        }
        if !served.incoming.keep_alive {
            // What follows is no request any more.
            return None;
        }
    }
    None
}

/// Our request in the other's words.
fn ours_as(served: &Served, other: &Understood) -> Understood {
    let head = &served.incoming.head;
    let fields = head.fields().map(|(name, value)| (name, value.to_owned()));
    let trailers = served.trailers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    Understood {
        method: head.method().as_str().to_owned(),
        path: head.path().to_owned(),
        query: head.query().map(str::to_owned),
        authority: other.authority.as_ref().and_then(|_| head.host()).map(str::to_owned),
        http10: head.version() == Version::Http10,
        fields: sorted(fields, &other.fields),
        body: served.body.clone(),
        // We drop some of them; the others must be his.
        trailers: match sorted(trailers, &other.trailers) {
            ours if ours.iter().all(|trailer| other.trailers.contains(trailer)) => other.trailers.clone(),
            ours => ours,
        },
    }
}

/// hyper keeps equal names together; a stable order by its names makes ours the same.
fn sorted<'a>(
    fields: impl Iterator<Item = (&'a str, Vec<u8>)>,
    other: &[(String, Vec<u8>)],
) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    fields.sort_by_key(|(name, _)| other.iter().position(|(other, _)| other == name));
    fields
}
