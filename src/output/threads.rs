//! The threads that outputs need, and what is done where the system gives none. A limit of them (`ulimit -u`, `TasksMax=` of
//! systemd, `--pids-limit` of a container) is met when many outputs lose their server at once, and is no reason to end anything:
//! what there is no thread for now is tried again.

use std::{
    io,
    sync::{Arc, Mutex},
    thread::{Builder, JoinHandle},
};

use systems::afford_threads;

use super::link::lock;

/// Threads that the pipeline of one output takes as a rule: one for each of two sources, the muxer and what sends.
const OF_A_PIPELINE: usize = 4;

/// Threads that the decoder of one sound file takes as a rule: one reads and finds out what it is, and two decode.
const OF_A_DECODER: usize = 3;

/// What is said of a thread that could not be started.
pub(crate) fn shortage(error: &io::Error) -> String {
    format!(
        "the system gives no more threads ({error}); allow the service more (`ulimit -u`, `TasksMax=` of systemd, \
         `--pids-limit` of a container), or send to fewer outputs"
    )
}

/// Makes sure that there are threads for another pipeline. GStreamer itself does not tell of those that it did not get: a sink
/// without a thread stands still.
///
/// # Errors
/// There are not so many.
pub(super) fn afford_pipeline() -> io::Result<()> {
    afford_threads(OF_A_PIPELINE)
}

/// Makes sure that there are threads for another decoder of sound, as [`afford_pipeline`] does.
///
/// # Errors
/// There are not so many.
pub(super) fn afford_decoder() -> io::Result<()> {
    afford_threads(OF_A_DECODER)
}

type Work = Box<dyn FnOnce() + Send>;

/// What somebody else has to do who may be held up for long: on a thread of its own, as soon as there is one.
pub(super) struct Errand {
    name: &'static str,
    thread: Option<JoinHandle<()>>,
    /// Until a thread has taken it.
    work: Arc<Mutex<Option<Work>>>,
}

impl Errand {
    /// Begins it, if there is a thread for it.
    pub(super) fn begin(name: &'static str, work: impl FnOnce() + Send + 'static) -> Self {
        let mut this = Self::put_off(name, work);
        // It is tried again when it is looked at.
        let _ = this.try_begin();
        this
    }

    /// Leaves it to be begun later.
    pub(super) fn put_off(name: &'static str, work: impl FnOnce() + Send + 'static) -> Self {
        Self { name, thread: None, work: Arc::new(Mutex::new(Some(Box::new(work)))) }
    }

    /// Begins it if that could not be done before.
    ///
    /// # Errors
    /// There is still no thread for it.
    pub(super) fn try_begin(&mut self) -> io::Result<()> {
        if self.thread.is_none() {
            let work = Arc::clone(&self.work);
            let run = move || {
                let work = lock(&work).take();
                if let Some(work) = work {
                    work();
                }
            };
            self.thread = Some(Builder::new().name(self.name.to_owned()).spawn(run)?);
        }
        Ok(())
    }

    /// Whether there has been a thread for it.
    pub(super) fn has_begun(&self) -> bool {
        self.thread.is_some()
    }

    /// Leaves it undone, if there is still no thread for it.
    pub(super) fn cancel(&self) {
        drop(lock(&self.work).take());
    }

    /// Whether it is done.
    pub(super) fn is_done(&mut self) -> bool {
        self.try_begin().is_ok() && self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits until it is done. If there is still no thread for it, it is done here.
    pub(super) fn wait(mut self) {
        let _ = self.try_begin();
        if let Some(thread) = self.thread.take() {
            // Were it to panic, there would be nothing left to do either.
            let _ = thread.join();
        }
    }
}

impl From<JoinHandle<()>> for Errand {
    /// One that is under way already.
    fn from(thread: JoinHandle<()>) -> Self {
        Self { name: "", thread: Some(thread), work: Arc::default() }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if self.thread.is_none() {
            // Nobody else will, if anything is left.
            let work = lock(&self.work).take();
            if let Some(work) = work {
                work();
            }
        }
    }
}
