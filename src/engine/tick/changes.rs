//! Changes of the engine itself, and steps of a paused stream: a tick begins with those that came since the last.

use std::sync::PoisonError;

use tokio::sync::oneshot;

use super::{
    super::{ReconfigurationRefused, StepRefused, StreamFormat, Transport},
    Changed, Ticking,
};

impl Ticking {
    /// Moves scene time on by the frames that were asked for. Returns who waits for this tick.
    pub(super) fn step(&mut self) -> Vec<oneshot::Sender<Result<u64, StepRefused>>> {
        let state = *self.shared.transport.borrow();
        let mut stepped = Vec::new();
        for (frames, reply) in std::mem::take(&mut self.steps) {
            if state == Transport::Paused {
                self.scene_ticks += u64::from(frames);
                stepped.push(reply);
            } else {
                // Who asked may have gone.
                let _ = reply.send(Err(StepRefused::NotPaused(state)));
            }
        }
        stepped
    }

    /// Carries out the changes of the engine that have come since the last tick. Returns who waits for this one.
    pub(super) fn reconfigure(&mut self) -> Vec<Changed> {
        let mut carried_out = Vec::new();
        for (change, reply) in std::mem::take(&mut self.changes) {
            let count = self.compositor.layer_count();
            if change.max_layers.is_some_and(|limit| count > limit) {
                // Who asked may have gone.
                let _ = reply.send(Err(ReconfigurationRefused::TooManyLayers { count }));
                continue;
            }
            if let Some(max_layers) = change.max_layers {
                self.compositor.set_max_layers(max_layers);
            }
            if let Some((width, height)) = change.size {
                self.compositor.resize(width, height);
                let format = StreamFormat { width, height, fps: self.fps };
                *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner) = format;
            }
            carried_out.push(reply);
        }
        carried_out
    }
}
