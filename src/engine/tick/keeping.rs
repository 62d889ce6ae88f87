//! What a tick has done, written into the journal for whoever keeps it.

use std::sync::Arc;

use components::{HeldChange, SceneDiff, SceneId};
use serde_json::Value;
use systems::{TickReport, clock::MotionChange};

use super::{
    super::{Document, HELD, Kept, ON_AIR, SceneChange},
    Ticking, seconds_of,
};

/// Seconds between two notes of the scene time in the journal, while anything moves.
const CHECKPOINT: u64 = 1;

/// What is to be kept of a change of the scenes that are held.
fn keep_scene(change: &HeldChange, documents: &mut Vec<Document>) {
    let held = |id: &SceneId, value| Document { kind: HELD, id: id.as_str().to_owned(), value };
    match change {
        HeldChange::Put { id, scene } => documents.push(held(id, Some(Kept::Scene(Arc::clone(scene))))),
        HeldChange::Removed { id } => documents.push(held(id, None)),
        HeldChange::Activated { id, .. } => {
            let active = Kept::Value(Value::String(id.as_str().to_owned()));
            documents.push(held(id, None));
            documents.push(Document { kind: ON_AIR.0, id: ON_AIR.1.to_owned(), value: Some(active) });
        }
    }
}

impl Ticking {
    /// Writes what the tick has done into the journal, and tells the diff. Both come before the answers: who has an
    /// answer and then asks for diffs has not missed this one's.
    pub(super) fn write_journal(&mut self, report: &mut TickReport, is_paused: bool) {
        let mut documents = Vec::new();
        for (ticket, _) in report.outcomes.iter().filter(|(_, outcome)| outcome.is_ok()) {
            if let Some(waiting) = self.replies.get_mut(ticket) {
                documents.append(&mut waiting.documents);
            }
        }
        for change in &report.scenes {
            keep_scene(change, &mut documents);
        }
        let (diff, motion) = (report.diff.take().map(Arc::new), report.motion.take());
        if diff.is_some() || motion.is_some() || !documents.is_empty() {
            self.note(diff.clone(), motion, documents);
        } else {
            let since = self.scene_ticks.saturating_sub(self.noted);
            let is_due = since >= CHECKPOINT * u64::from(self.fps) || (is_paused && since > 0);
            if is_due && self.compositor.is_moving() {
                self.note(None, None, documents);
            } else if is_due {
                self.noted = self.scene_ticks;
            }
        }
        if let Some(diff) = diff {
            self.follow_active_layer();
            // Nobody listening is fine.
            let _ = self.shared.diffs.send(diff);
        }
    }

    /// Appends to the journal, with the present scene time.
    pub(super) fn note(
        &mut self,
        diff: Option<Arc<SceneDiff>>,
        motion: Option<MotionChange>,
        documents: Vec<Document>,
    ) {
        let change = SceneChange { seconds: seconds_of(self.scene_ticks, self.fps), diff, motion };
        self.shared.journal.append(Some(change), documents);
        self.noted = self.scene_ticks;
    }
}
