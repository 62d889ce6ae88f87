//! What happened on a tick, told to all who listen.

use std::sync::PoisonError;

use components::HeldChange;
use systems::{TickReport, clock::SceneEvent};

use super::{super::StreamEvent, Ticking};

impl Ticking {
    pub(super) fn tell_events(&self, tick: u64, report: &TickReport) {
        if !report.scenes.is_empty() {
            self.note_scene_on_air(tick);
            // Nobody listening is fine.
            let _ = self.shared.events.send(self.scenes_changed(tick, &report.scenes));
        }
        for event in &report.events {
            let event = match event {
                SceneEvent::Fired { name } => StreamEvent::Fired { name: name.clone() },
                SceneEvent::Failed { message } => {
                    tracing::warn!(tick, "{message}");
                    StreamEvent::Error { message: message.clone() }
                }
            };
            // Nobody listening is fine.
            let _ = self.shared.events.send(event);
        }
    }

    /// For those who come later.
    pub(super) fn note_scene_on_air(&self, tick: u64) {
        let active = &self.compositor.scenes().active;
        let mut on_air = self.shared.on_air.lock().unwrap_or_else(PoisonError::into_inner);
        if on_air.as_ref().is_none_or(|(_, known)| known != active) {
            *on_air = Some((tick, active.clone()));
        }
    }

    fn scenes_changed(&self, tick: u64, changes: &[HeldChange]) -> StreamEvent {
        let (mut put, mut removed, mut transition) = (Vec::new(), Vec::new(), None);
        for change in changes {
            match change {
                HeldChange::Put { id, .. } => put.push(id.clone()),
                HeldChange::Removed { id } => removed.push(id.clone()),
                HeldChange::Activated { transition: by, .. } => transition = Some(by.clone()),
            }
        }
        StreamEvent::Scenes { tick, active: self.compositor.scenes().active.clone(), put, removed, transition }
    }
}
