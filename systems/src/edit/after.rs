//! What a batch has left, for whoever asked to be told.

use std::{collections::HashMap, fmt};

use bevy_ecs::world::World;
use components::{LayerDocument, LayerId, SceneDocument};

use crate::scene::{self, LayerIndex, SceneRoot};

/// The scene right after a batch, before any other of the same tick.
pub struct SceneAfter<'w>(&'w World);

/// Looks at the scene once a batch was carried out. It takes of the time that its sender has for edits, and must not
/// panic: it would take the tick thread with it.
pub type Look = Box<dyn FnOnce(&SceneAfter<'_>) + Send + Sync>;

impl<'w> SceneAfter<'w> {
    /// A layer with all below it.
    #[must_use]
    pub fn layer(&self, id: &LayerId) -> Option<LayerDocument> {
        scene::document(self.0, self.0.resource::<LayerIndex>().get(id)?)
    }

    /// All but the layers.
    #[must_use]
    pub fn header(&self) -> &'w SceneDocument {
        scene::header(self.0)
    }

    /// The children of a group, or the outermost layers, in document order.
    #[must_use]
    pub fn children(&self, group: Option<&LayerId>) -> Vec<LayerId> {
        let SceneRoot(root) = *self.0.resource::<SceneRoot>();
        let entity = group.map_or(Some(root), |id| self.0.resource::<LayerIndex>().get(id));
        let Some(entity) = entity.and_then(|entity| self.0.get_entity(entity).ok()) else { return Vec::new() };
        scene::children(entity).into_iter().filter_map(|child| self.0.get::<LayerId>(child).cloned()).collect()
    }
}

/// The looks that batches are waited for with, by their tickets. Most have none.
#[derive(Default)]
pub struct Looks(HashMap<u64, Look>);

impl Looks {
    pub(crate) fn add(&mut self, ticket: u64, look: Look) {
        self.0.insert(ticket, look);
    }

    pub(super) fn take(&mut self, ticket: u64) -> Option<Look> {
        self.0.remove(&ticket)
    }
}

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Has whoever asked for it look at what its batch has left.
pub(super) fn show(world: &World, look: Look) {
    look(&SceneAfter(world));
}
