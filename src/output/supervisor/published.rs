//! Outputs that are files which appear one by one: segments of a live stream, thumbnails.

use std::sync::{Arc, mpsc::RecvTimeoutError};

use super::{Ended, LOOK, Order, Supervisor, TELL};
use crate::{
    engine::{OutputErrorKind, OutputState},
    output::{
        link::lock,
        live::{Folder, LiveStore, Segmenter},
        pipeline::OutputError,
        thumbnails::Album,
    },
};

impl Supervisor {
    /// Cuts the stream into segments, for `store` and, if there is one, `folder`.
    pub(super) fn publish_segments(&mut self, store: &Arc<LiveStore>, mut folder: Option<Folder>) -> Ended {
        self.open_gate(Box::new(Segmenter::new(Arc::clone(store), self.surroundings.has_audio)));
        self.ask_for_key_frame();
        let published_before = store.published();
        let mut ended = None;
        while ended.is_none() {
            match self.orders.recv_timeout(LOOK) {
                // It is open already.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Aim(..) | Order::Leave) => {}
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => {
                    // Its last segment first, so that a folder gets it too.
                    lock(&self.gate).finish();
                    ended = Some(Ended::Finished);
                }
            }
            let mirrored = folder.as_mut().map(|folder| {
                folder.mirror(store)?;
                if ended.is_some() { folder.end() } else { Ok(()) }
            });
            if let Some(Err(error)) = mirrored {
                drop(lock(&self.gate).close());
                return self.unwritable(&error);
            }
            if self.status.state != OutputState::Started && store.published() > published_before {
                self.started();
            } else if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
        ended.unwrap_or(Ended::Finished)
    }

    /// Writes the pictures that are due.
    pub(super) fn publish_thumbnails(&mut self, mut album: Album) -> Ended {
        self.open_gate(Box::new(album.collector()));
        self.ask_for_key_frame();
        loop {
            let is_over = match self.orders.recv_timeout(LOOK) {
                // It is open already.
                Err(RecvTimeoutError::Timeout) | Ok(Order::Open | Order::Aim(..) | Order::Leave) => false,
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => true,
            };
            match album.develop() {
                Ok(Some(file)) => {
                    self.status.url = file.display().to_string();
                    if self.status.state == OutputState::Started {
                        self.tell(OutputState::Started);
                    } else {
                        self.started();
                    }
                }
                Ok(None) => {}
                // One is left out: the next may come out well.
                Err(OutputError::Failed(error)) => {
                    self.complain(OutputErrorKind::Internal, error, self.status.state);
                }
                Err(error) => {
                    drop(lock(&self.gate).close());
                    return self.unwritable(&error);
                }
            }
            if is_over {
                lock(&self.gate).finish();
                return Ended::Finished;
            }
            if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
    }
}
