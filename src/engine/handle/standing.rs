//! How outputs, encoders, the sound and the store are doing: told by them, asked by others.

use std::sync::PoisonError;

use components::audio::LevelReading;
use tokio::sync::watch;

use super::EngineHandle;
use crate::engine::{EncoderStatus, FileFault, Levels, Mixed, OutputStatus, StoreStatus, StreamEvent};

impl EngineHandle {
    /// How the store is doing; `None` if there is none.
    #[must_use]
    pub fn store(&self) -> Option<StoreStatus> {
        let mut status = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        status.pending = self.shared.journal.behind();
        Some(status)
    }

    /// Which scene is on air, as the event that told of it; `None` before the engine has begun.
    #[must_use]
    pub fn scene_on_air(&self) -> Option<StreamEvent> {
        let (tick, active) = self.shared.on_air.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(StreamEvent::Scenes { tick, active, put: Vec::new(), removed: Vec::new(), transition: None })
    }

    /// Tells how the store is doing.
    pub fn publish_store(&self, status: StoreStatus) {
        *self.shared.store.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    /// The files whose last text is not in force, and why.
    #[must_use]
    pub fn file_faults(&self) -> Vec<FileFault> {
        self.shared.file_faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells why the last text of a file is not in force, or with `None` that it is; all who listen are told if that is new.
    pub fn publish_file(&self, file: String, fault: Option<String>) {
        let is_new = {
            let mut faults = self.shared.file_faults.lock().unwrap_or_else(PoisonError::into_inner);
            let before = faults.iter().position(|known| known.file == file).map(|at| faults.remove(at).fault);
            faults.extend(fault.clone().map(|fault| FileFault { file: file.clone(), fault }));
            before != fault
        };
        if is_new {
            self.announce(StreamEvent::File { file, fault });
        }
    }

    /// What is shown in place of the scene, and why; `None` if nothing is.
    #[must_use]
    pub fn stand_in(&self) -> Option<String> {
        self.shared.stand_in.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells what is shown in place of the scene, and why, or that it is the scene.
    pub fn publish_stand_in(&self, why: Option<String>) {
        *self.shared.stand_in.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// All outputs as they are now.
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputStatus> {
        self.shared.outputs.borrow().clone()
    }

    /// Puts an output's status in the place of what was known of it, and tells all who listen if its state changed, or what is
    /// wrong with it.
    pub fn publish_output(&self, status: OutputStatus) {
        let before =
            self.shared.outputs.borrow().iter().find(|known| known.id == status.id).map(|known| known.reconnects);
        let back = before.filter(|before| status.reconnects > *before).map(|_| status.id.clone());
        let mut changed = true;
        self.shared.outputs.send_modify(|all| match all.iter_mut().find(|known| known.id == status.id) {
            Some(known) => {
                changed = known.state != status.state || known.last_error != status.last_error;
                *known = status.clone();
            }
            None => all.push(status.clone()),
        });
        if changed {
            self.announce(StreamEvent::Output { output: status });
        }
        if let Some(id) = back {
            self.announce(StreamEvent::Reconnected { id });
        }
    }

    /// The encoder of the stream in its own size as it is now; `None` before there is one.
    #[must_use]
    pub fn encoder(&self) -> Option<EncoderStatus> {
        self.encoders().into_iter().find(|status| status.rendition.is_none())
    }

    /// All encoders as they are now, that of the stream's own size first, the others in the order of their names.
    #[must_use]
    pub fn encoders(&self) -> Vec<EncoderStatus> {
        self.shared.encoders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells how an encoder is doing.
    pub fn publish_encoder(&self, status: EncoderStatus) {
        let mut all = self.shared.encoders.lock().unwrap_or_else(PoisonError::into_inner);
        match all.binary_search_by(|known| known.rendition.cmp(&status.rendition)) {
            Ok(at) => all[at] = status,
            Err(at) => all.insert(at, status),
        }
    }

    /// Tells how loud the sound of a frame is; `None` if nothing is mixed any more.
    pub fn publish_levels(&self, mixed: Option<Mixed<'_>>) {
        self.shared.heard.publish(mixed);
    }

    /// How loud the program is now.
    #[must_use]
    pub fn levels(&self) -> Levels {
        let latest = self.shared.heard.latest();
        // Bound here: the tick is asked for while nobody is kept from writing.
        let latest = latest.borrow().clone();
        Levels::of(latest.as_ref(), self.stats().tick)
    }

    /// Changes whenever [`levels`](Self::levels) are others: with each frame while sound is mixed.
    #[must_use]
    pub fn levels_changed(&self) -> watch::Receiver<Option<(u64, LevelReading)>> {
        self.shared.heard.latest()
    }

    /// Forgets an output that was removed, and tells all who listen.
    pub fn forget_output(&self, id: &str) {
        let is_known = |all: &mut Vec<OutputStatus>| {
            let before = all.len();
            all.retain(|known| known.id != id);
            all.len() < before
        };
        if self.shared.outputs.send_if_modified(is_known) {
            self.announce(StreamEvent::OutputRemoved { id: id.to_owned() });
        }
    }
}
