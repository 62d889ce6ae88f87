//! What all clients are sent, written once for all of them.

use std::sync::Arc;

use components::SceneDiff;
use serde::Serialize;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use crate::{
    control::ended,
    engine::{EngineHandle, StreamEvent},
};

/// Bulletins that a client may be behind. One that is further behind misses them and gets a snapshot.
const BACKLOG: usize = 256;

/// One message for all clients. The text is shared.
#[derive(Clone, Debug)]
pub(super) enum Bulletin {
    /// A change of the scene.
    Diff {
        /// Its number.
        seq: u64,
        /// The message.
        text: Arc<str>,
    },
    /// Something else that happened.
    Event(Arc<str>),
    /// Diffs were lost on the way here: everybody needs a snapshot.
    Lost,
}

/// The source of bulletins.
#[derive(Clone)]
pub(super) struct Feed(broadcast::Sender<Bulletin>);

impl Feed {
    /// Starts to turn the engine's diffs and events into bulletins, until `ending` turns true or the engine ends.
    pub(super) fn start(engine: &EngineHandle, mut ending: watch::Receiver<bool>) -> Self {
        let sender = broadcast::Sender::new(BACKLOG);
        let feed = Self(sender.clone());
        let (mut diffs, mut events) = (engine.diffs(), engine.events());
        tokio::spawn(async move {
            loop {
                let bulletin = tokio::select! {
                    () = ended(&mut ending) => break,
                    diff = diffs.recv() => match diff {
                        // Nobody to write for: whoever connects from now on starts with a snapshot that has it.
                        Ok(_) if sender.receiver_count() == 0 => continue,
                        Ok(diff) => Some(Bulletin::Diff { seq: diff.seq, text: update(&diff) }),
                        Err(RecvError::Lagged(_)) => Some(Bulletin::Lost),
                        Err(RecvError::Closed) => break,
                    },
                    event = events.recv() => match event {
                        Ok(event) => Some(Bulletin::Event(event_text(&event))),
                        Err(RecvError::Lagged(_)) => None,
                        Err(RecvError::Closed) => break,
                    },
                };
                if let Some(bulletin) = bulletin {
                    // Nobody listening is fine.
                    let _ = sender.send(bulletin);
                }
            }
        });
        feed
    }

    /// Every bulletin from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Bulletin> {
        self.0.subscribe()
    }
}

/// A message: a type beside the fields of what it tells.
#[derive(Serialize)]
struct Message<'a, T> {
    r#type: &'static str,
    #[serde(flatten)]
    told: &'a T,
}

/// Writes a message.
pub(super) fn message(r#type: &'static str, told: &impl Serialize) -> String {
    // Everything that is told is made of strings, finite numbers and maps with string keys, which always serialise.
    serde_json::to_string(&Message { r#type, told }).unwrap_or_default()
}

fn update(diff: &SceneDiff) -> Arc<str> {
    message("layerUpdate", diff).into()
}

/// The message that tells an event.
pub(super) fn event_text(event: &StreamEvent) -> Arc<str> {
    match event {
        StreamEvent::Error { message: text } => error_text(text).into(),
        event => message("streamEvent", event).into(),
    }
}

/// The message that tells what went wrong.
pub(super) fn error_text(text: &str) -> String {
    #[derive(Serialize)]
    struct Told<'a> {
        message: &'a str,
    }
    message("error", &Told { message: text })
}
