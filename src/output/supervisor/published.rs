//! Outputs that are files which appear one by one: segments of a live stream, thumbnails.

use std::{
    io,
    path::Path,
    sync::{Arc, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

use super::{Ended, FINISH, LOOK, Order, STALLED, Supervisor, TELL, writing::Writing};
use crate::{
    engine::{OutputErrorKind, OutputState},
    output::{
        backoff::Farewell,
        link::lock,
        live::{Continued, Folder, LiveStore, Segmenter},
        pipeline::OutputError,
        threads::shortage,
        thumbnails::{Album, Thumbnails},
    },
};

/// How long one who writes is listened to before orders are looked at.
const WORD: Duration = Duration::from_millis(20);

impl Supervisor {
    /// Cuts the stream into segments, for `store`.
    pub(super) fn publish_segments(&mut self, store: &Arc<LiveStore>) -> Ended {
        self.open_gate(Box::new(Segmenter::new(Arc::clone(store), self.surroundings.has_audio)));
        self.ask_for_key_frame();
        let published_before = store.published();
        loop {
            match self.orders.recv_timeout(LOOK) {
                // It is open already.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Resume | Order::Aim(..) | Order::Leave) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => {
                    lock(&self.gate).finish();
                    return Ended::Finished;
                }
            }
            if self.status.state != OutputState::Started && store.published() > published_before {
                self.started();
            } else if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
    }

    /// Cuts the stream into segments in a folder, which go on after `continued`.
    pub(super) fn publish_in_folder(&mut self, path: &Path, continued: &mut Option<Continued>) -> Ended {
        let (path, before) = (path.to_owned(), *continued);
        let mut opened = None;
        let writing = Writing::start(move |is_last| {
            let open = match opened.take() {
                Some(open) => open,
                None => {
                    let folder = Folder::open(&path)?;
                    let store = Arc::new(folder.store(before));
                    (folder, store)
                }
            };
            let (folder, store) = opened.insert(open);
            folder.mirror(store)?;
            if is_last {
                folder.end()?;
            }
            Ok(Arc::clone(store))
        });
        let mut published_before = None;
        self.watch_writing(writing, |this, store, is_over| {
            *continued = Some(store.continued());
            let Some(before) = published_before else {
                published_before = Some(store.published());
                if !is_over {
                    this.open_gate(Box::new(Segmenter::new(store, this.surroundings.has_audio)));
                    this.ask_for_key_frame();
                }
                return;
            };
            if !is_over && this.status.state != OutputState::Started && store.published() > before {
                this.started();
            }
        })
    }

    /// Writes the pictures that are due.
    pub(super) fn publish_thumbnails(&mut self, path: &Path, settings: Thumbnails) -> Ended {
        let path = path.to_owned();
        let mut opened: Option<Album> = None;
        let writing = Writing::start(move |_| match &mut opened {
            Some(album) => album.develop().map(|file| (file, None)),
            None => {
                let collector = opened.insert(Album::open(&path, settings)?).collector();
                Ok((None, Some(collector)))
            }
        });
        self.watch_writing(writing, |this, (file, collector), is_over| {
            if let Some(collector) = collector.filter(|_| !is_over) {
                this.open_gate(Box::new(collector));
                this.ask_for_key_frame();
            }
            let Some(file) = file else { return };
            this.status.url = file.display().to_string();
            match this.status.state {
                OutputState::Started | OutputState::Stopping => this.tell(this.status.state),
                _ => this.started(),
            }
        })
    }

    /// Has files written until the output is to finish. What is told of them goes to `written`, and whether the output is to
    /// finish.
    fn watch_writing<T: Send + 'static>(
        &mut self,
        writing: io::Result<Writing<T>>,
        mut written: impl FnMut(&mut Self, T, bool),
    ) -> Ended {
        if self.retired.as_mut().is_some_and(|retired| !retired.is_done()) {
            return self.hangs();
        }
        let mut writing = match writing {
            Ok(writing) => writing,
            Err(error) => return Ended::Lost(Farewell::Short, shortage(&error)),
        };
        let mut finish_by = None;
        let mut is_last = false;
        loop {
            // What is ordered after that is for later.
            let ordered = if finish_by.is_none() { Some(self.orders.recv_timeout(LOOK)) } else { None };
            match ordered {
                // It is open already.
                None
                | Some(
                    Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Resume | Order::Aim(..) | Order::Leave),
                ) => {}
                Some(Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected)) => {
                    // Its last segment first, so that a folder gets it too.
                    lock(&self.gate).finish();
                    // A disk that stands still already is not waited for.
                    let patience = if self.status.is_stalled { Duration::ZERO } else { FINISH };
                    finish_by = Some(Instant::now() + patience);
                }
            }
            let is_over = finish_by.is_some();
            is_last |= writing.take_turn(is_over) && is_over;
            match writing.outcome(WORD) {
                None => {}
                Some(Ok(told)) => {
                    written(self, told, is_over);
                    if is_last {
                        return Ended::Finished;
                    }
                }
                // One is left out: the next may come out well.
                Some(Err(OutputError::Failed(error))) if !is_over => {
                    self.complain(OutputErrorKind::Internal, error, self.status.state);
                }
                Some(Err(error)) if is_over => {
                    tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
                    self.status.last_error = Some(error.to_string());
                    return Ended::Finished;
                }
                Some(Err(error)) => {
                    drop(lock(&self.gate).close());
                    return self.unwritable(&error);
                }
            }
            let lasts = writing.lasts();
            if finish_by.is_some_and(|limit| Instant::now() > limit) {
                self.status.last_error = Some("the disk did not take the end of the stream in time".to_owned());
                self.retired = writing.leave();
                return Ended::Finished;
            }
            if !is_over && lasts > self.policy().stall {
                drop(lock(&self.gate).close());
                self.retired = writing.leave();
                return self.hangs();
            }
            let is_stalled = lasts > STALLED && self.status.state == OutputState::Started;
            let is_other = std::mem::replace(&mut self.status.is_stalled, is_stalled) != is_stalled;
            if is_other || self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
    }

    /// The disk stands still. Nothing more is tried until it goes on.
    fn hangs(&self) -> Ended {
        let place = self.destination.redacted();
        let words = format!("the disk takes nothing of `{place}`; it goes on as soon as that is possible");
        Ended::Lost(Farewell::Unwritable, words)
    }
}
