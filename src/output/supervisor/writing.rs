//! Files that are written on a thread of their own. A disk that stands still, as one behind a network may, holds up whoever writes
//! for as long as it likes: this is watched from outside.

use std::{
    sync::mpsc::{Receiver, SyncSender, channel, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::output::pipeline::OutputError;

/// The thread, and what it tells each time that it has written what there was.
pub(super) struct Writing<T> {
    /// Whether it is the last time. There is never more than one at a time.
    turns: SyncSender<bool>,
    told: Receiver<Result<T, OutputError>>,
    /// Since when it has been at it; `None` while it waits for its turn.
    since: Option<Instant>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Writing<T> {
    /// Starts a thread that does this work, over and over, and is told each time whether it is the last.
    pub(super) fn start(mut work: impl FnMut(bool) -> Result<T, OutputError> + Send + 'static) -> Self {
        let (turns, taken) = sync_channel(1);
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            for is_last in taken {
                // Nobody listens any more to one that was left.
                if tell.send(work(is_last)).is_err() || is_last {
                    return;
                }
            }
        });
        Self { turns, told, since: None, thread }
    }

    /// Has it write, if it waits for its turn. Returns whether it did.
    pub(super) fn take_turn(&mut self, is_last: bool) -> bool {
        let is_free = self.since.is_none();
        if is_free {
            self.since = Some(Instant::now());
            // One that is gone is found out since it tells nothing.
            let _ = self.turns.send(is_last);
        }
        is_free
    }

    /// What it has to tell, for which it gets so long.
    pub(super) fn outcome(&mut self, patience: Duration) -> Option<Result<T, OutputError>> {
        self.since?;
        let told = self.told.recv_timeout(patience).ok()?;
        self.since = None;
        Some(told)
    }

    /// How long it has been at what it does.
    pub(super) fn lasts(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Leaves it. The thread ends with what it does.
    pub(super) fn leave(self) -> JoinHandle<()> {
        self.thread
    }
}
