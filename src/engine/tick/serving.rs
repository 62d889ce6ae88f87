//! What others ask of the tick thread, served while the next tick is not due.

use std::{
    sync::{
        Arc, PoisonError,
        mpsc::{RecvTimeoutError, TryRecvError},
    },
    time::Instant,
};

use components::SceneSnapshot;

use super::{
    super::{Whole, shared::Request},
    Ticking, Waiting,
};

/// Requests that are served after a tick was due, for a quarter of a frame at most. The rest waits for the next: a flood
/// of them delays ticks no further.
const LATE: usize = 256;

impl Ticking {
    /// Serves requests until `due`. Returns whether the engine goes on.
    pub(super) fn serve_until(&mut self, due: Instant) -> bool {
        let (mut late, mut late_since) = (0, None);
        let patience = self.format().presentation_time(1) / 4;
        loop {
            let now = Instant::now();
            let request = match due.checked_duration_since(now) {
                Some(rest) => self.requests.recv_timeout(rest),
                None if late == LATE || now - *late_since.get_or_insert(now) >= patience => return true,
                None => {
                    late += 1;
                    self.requests.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                }
            };
            if request.is_ok() {
                self.shared.places.add_permits(1);
            }
            match request {
                Ok(Request::Edit { sender, edits, documents, at, look, reply }) => {
                    self.accept(sender, edits, at, Waiting::new(documents, reply).looking(look));
                }
                Ok(Request::Make { sender, make, reply }) => self.make(sender, make, reply),
                Ok(Request::Check { sender, edits, reply }) => {
                    if let Some((_, waiting)) = self.admit(&edits, Waiting::new(Vec::new(), reply)) {
                        let ticket = self.ticket(waiting);
                        self.compositor.submit_check(sender, ticket, edits);
                    }
                }
                Ok(Request::Whole { reply }) => {
                    let (snapshot, motion) = (self.compositor.snapshot(), self.compositor.motion());
                    // Who asked may have gone.
                    let _ = reply.send(Box::new(Whole { snapshot, motion }));
                }
                Ok(Request::Snapshot { reply }) => drop(reply.send(self.snapshot())),
                Ok(Request::Scenes { reply }) => {
                    drop(reply.send((self.snapshot(), self.compositor.scenes().clone())));
                }
                Ok(Request::Picture { reply }) => drop(reply.send(Arc::new(self.compositor.picture()))),
                Ok(Request::PictureOf { variant, reply }) => {
                    drop(reply.send(self.compositor.picture_of(&variant).map(Arc::new)));
                }
                Ok(Request::Reconfigure { change, reply }) => self.changes.push((change, reply)),
                Ok(Request::StoppedTriggers { reply }) => {
                    drop(reply.send((self.snapshot(), self.compositor.stopped_triggers())));
                }
                Ok(Request::Timelines { reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.timelines())));
                }
                Ok(Request::Animations { layer, reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.animations(&layer))));
                }
                Ok(Request::SoundAnimations { track, reply }) => {
                    drop(reply.send((self.last_tick(), self.compositor.sound_animations(track.as_ref()))));
                }
                Ok(Request::Assets { reply }) => drop(reply.send((self.last_tick(), self.compositor.assets()))),
                Ok(Request::Step { frames, reply }) => self.steps.push((frames, reply)),
                Ok(Request::Activate { id, reply }) => drop(reply.send(self.activate(id))),
                Ok(Request::SteerAsset { id, action, reply }) => {
                    drop(reply.send(self.compositor.steer_asset(&id, action)));
                }
                Ok(Request::Shutdown) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
            }
        }
    }

    /// The scene after the last tick: copied once for all who ask until the next.
    pub(super) fn snapshot(&self) -> Arc<SceneSnapshot> {
        let known = self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.unwrap_or_else(|| {
            // Nobody waits for the lock while it is copied, and nobody else puts one there.
            let snapshot = Arc::new(self.compositor.snapshot());
            *self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
            snapshot
        })
    }

    /// The scene is another one now, or may be. It must not be told as it was once anybody may know that.
    pub(super) fn forget_snapshot(&self) {
        // Dropped when the lock is open again: nobody has to wait for that.
        let _before = self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn last_tick(&self) -> u64 {
        self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).tick
    }
}
