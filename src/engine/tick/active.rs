//! The layer that people work on.

use components::{
    Edit, LayerId,
    edit::{BatchRejected, DocumentName},
};
use serde_json::Value;

use super::{
    super::{ACTIVE_LAYER, Document, Kept, StreamEvent},
    Ticking,
};

impl Ticking {
    pub(super) fn activate(&self, id: Option<LayerId>) -> Result<(), BatchRejected> {
        if let Some(id) = &id {
            self.check_layer(id)?;
        }
        let is_other = self.shared.active_layer.send_if_modified(|active| {
            let is_other = *active != id;
            active.clone_from(&id);
            is_other
        });
        if is_other {
            let kept = id.as_ref().map(|id| Kept::Value(Value::String(id.as_str().to_owned())));
            let document = Document { kind: ACTIVE_LAYER.0, id: ACTIVE_LAYER.1.to_owned(), value: kept };
            self.shared.journal.append(None, vec![document]);
            // Nobody listening is fine.
            let _ = self.shared.events.send(StreamEvent::ActiveLayer { id });
        }
        Ok(())
    }

    /// Nobody works on a layer that is gone.
    pub(super) fn follow_active_layer(&self) {
        let active = self.shared.active_layer.borrow().clone();
        if active.is_some_and(|id| self.check_layer(&id).is_err()) {
            // No layer at all can always be chosen.
            let _ = self.activate(None);
        }
    }

    fn check_layer(&self, id: &LayerId) -> Result<(), BatchRejected> {
        let document = DocumentName::Layer { id: id.clone() };
        self.compositor.check(vec![Edit::Expect { document, etags: None }])
    }
}
