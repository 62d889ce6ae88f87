//! Files that are written on a thread of their own. A disk that stands still, as one behind a network may, holds up whoever writes
//! for as long as it likes: this is watched from outside.

use std::{
    io,
    panic::resume_unwind,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel},
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crate::output::{pipeline::OutputError, threads::Errand};

/// The thread, and what it tells each time that it has written what there was.
pub(super) struct Writing<T> {
    /// Whether it is the last time. There is never more than one at a time.
    turns: SyncSender<bool>,
    told: Receiver<Result<T, OutputError>>,
    /// Since when it has been at it; `None` while it waits for its turn.
    since: Option<Instant>,
    /// Until it has broken down.
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Writing<T> {
    /// Starts a thread that does this work, over and over, and is told each time whether it is the last.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(super) fn start(mut work: impl FnMut(bool) -> Result<T, OutputError> + Send + 'static) -> io::Result<Self> {
        let (turns, taken) = sync_channel(1);
        let (tell, told) = channel();
        let thread = Builder::new().name("write-files".to_owned()).spawn(move || {
            for is_last in taken {
                // Nobody listens any more to one that was left.
                if tell.send(work(is_last)).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { turns, told, since: None, thread: Some(thread) })
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

    /// What it has to tell, for which it gets so long. A panic of the thread goes on here.
    pub(super) fn outcome(&mut self, patience: Duration) -> Option<Result<T, OutputError>> {
        self.since?;
        let told = self.told.recv_timeout(patience);
        if told.as_ref().is_err_and(|error| *error == RecvTimeoutError::Disconnected)
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            resume_unwind(panic);
        }
        let told = told.ok()?;
        self.since = None;
        Some(told)
    }

    /// How long it has been at what it does.
    pub(super) fn lasts(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Leaves it. The thread ends with what it does.
    pub(super) fn leave(self) -> Option<Errand> {
        self.thread.map(Errand::from)
    }
}
