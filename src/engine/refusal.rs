//! What the engine is asked for other than edits, and why it may not do it.

use components::edit::{BatchRejected, EditRejected};

use super::Transport;

/// The engine has ended; there is nobody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has ended")]
pub struct EngineClosed;

/// A request that did not reach the tick thread, or was not answered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Too many requests are waiting. The engine goes on; it will answer in a moment.
    #[error("too many requests are waiting; try again in a moment")]
    Busy,
    /// The engine has ended.
    #[error(transparent)]
    Closed(#[from] EngineClosed),
}

impl From<Unanswered> for BatchRejected {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Busy => EditRejected::Busy.into(),
            Unanswered::Closed(_) => EditRejected::Closed.into(),
        }
    }
}

impl From<Unanswered> for StepRefused {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Busy => Self::Busy,
            Unanswered::Closed(closed) => Self::Closed(closed),
        }
    }
}

impl From<Unanswered> for ReconfigurationRefused {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Busy => Self::Busy,
            Unanswered::Closed(closed) => Self::Closed(closed),
        }
    }
}

/// Frames by which the picture of a paused stream can be moved on at once.
pub const MAX_STEP: u32 = 3600;

/// The picture was not moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The stream is not paused.
    #[error("cannot step through the stream: it is {}; pause it first", .0.as_str())]
    NotPaused(Transport),
    /// Too many requests are waiting.
    #[error("too many requests are waiting; try again in a moment")]
    Busy,
    /// The engine has ended.
    #[error(transparent)]
    Closed(#[from] EngineClosed),
}

/// What can be changed of a running engine. What is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconfiguration {
    /// Width and height of the frames in pixels; even.
    pub size: Option<(usize, usize)>,
    /// Layers that a scene may have.
    pub max_layers: Option<usize>,
}

/// A change of the engine was refused, and nothing of it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconfigurationRefused {
    /// The scene has more layers than would be allowed.
    #[error("the scene has {count} layers; remove some first")]
    TooManyLayers {
        /// How many there are.
        count: usize,
    },
    /// Too many requests are waiting.
    #[error("too many requests are waiting; try again in a moment")]
    Busy,
    /// The engine has ended.
    #[error(transparent)]
    Closed(#[from] EngineClosed),
}
