//! Why an output cannot go on.

use super::elements::MissingElement;

/// An output cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// A part of it is not installed.
    #[error(transparent)]
    Missing(#[from] MissingElement),
    /// Its parts do not fit together.
    #[error("the parts of the output do not fit together; run `stream-manager doctor` to see what is installed")]
    Unlinkable,
    /// Its parts are there, and could not be started.
    #[error(
        "the output could not be started, and nothing says why; the system may lack threads or memory for it at present"
    )]
    NotStarted,
    /// The machine lacks something that it needs at present.
    #[error("{0}")]
    Short(String),
    /// The file or folder cannot be written.
    #[error("cannot write `{path}`: {reason}; {remedy}")]
    NotWritable {
        /// Where.
        path: String,
        /// What the system says.
        reason: String,
        /// What to do.
        remedy: &'static str,
        /// Whether there is no room, of which there may be more soon.
        is_full: bool,
    },
    /// It failed while it ran.
    #[error("{0}")]
    Failed(String),
}
