//! The layer that people work on.

use components::{
    Edit, LayerId,
    edit::{BatchRejected, DocumentName},
};

use super::{super::StreamEvent, Ticking};

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
