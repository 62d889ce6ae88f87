//! On air, off air, or standing still; and what an operator may ask of that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Document, Kept};

/// Whether the stream is on air. The engine composes in every state, so that previews and edits go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Outputs are closed.
    Stopped,
    /// Outputs send the moving picture.
    Live,
    /// Outputs stay connected and send the picture at which scene time stands.
    Paused,
}

/// What an operator wants the stream to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens the outputs.
    Start,
    /// Closes the outputs.
    Stop,
    /// Holds scene time.
    Pause,
    /// Lets scene time go on from where it stood.
    Resume,
}

/// The command does not fit the state that the stream is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {} the stream: it is {}", verb(*.command), state.as_str())]
pub struct CommandRefused {
    /// What was asked.
    pub command: Command,
    /// The state that it does not fit.
    pub state: Transport,
}

impl Transport {
    /// The state after a command, or that it does not fit this one. `Stop` is allowed while paused.
    pub(super) fn after(self, command: Command) -> Result<Self, CommandRefused> {
        match (command, self) {
            (Command::Start, Self::Stopped) | (Command::Resume, Self::Paused) => Ok(Self::Live),
            (Command::Stop, Self::Live | Self::Paused) => Ok(Self::Stopped),
            (Command::Pause, Self::Live) => Ok(Self::Paused),
            (command, state) => Err(CommandRefused { command, state }),
        }
    }

    /// The state, as it is kept.
    pub(super) fn document(self) -> Document {
        Document { kind: "transport", id: "state".to_owned(), value: serde_json::to_value(self).ok().map(Kept::Value) }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Live => "live",
            Self::Paused => "paused",
        }
    }
}

fn verb(command: Command) -> &'static str {
    match command {
        Command::Start => "start",
        Command::Stop => "stop",
        Command::Pause => "pause",
        Command::Resume => "resume",
    }
}
