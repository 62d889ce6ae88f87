//! When a recording goes on in the next file.

use std::time::Duration;

/// When a file is finished, and the stream goes on in the next one: at the first key frame after either. No frame is lost
/// in between. Never, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// After this time.
    pub every: Option<Duration>,
    /// After so many bytes of video and sound.
    pub bytes: Option<u64>,
}

impl Split {
    /// Whether a file that has lasted so long and holds so many bytes is long enough.
    pub(super) fn is_due(&self, lasted: Duration, bytes: u64) -> bool {
        self.every.is_some_and(|every| lasted >= every) || self.bytes.is_some_and(|most| bytes >= most)
    }
}
