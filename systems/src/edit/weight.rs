//! What batches cost, before they are carried out.

use bevy_ecs::world::{EntityRef, World};
use components::{
    Content, Edit, LayerDocument, LayerId, SceneDocument, SceneId,
    edit::{DocumentName, count_values},
};

use crate::{
    held::Held,
    scene::{LayerIndex, SceneHeader, SceneRoot, children},
};

/// JSON values that are merged in the time in which a layer is changed.
const VALUES: usize = 50;
/// Layers that are gone through in that time where each is only looked at.
const LOOKED_AT: usize = 100;

/// About how many layers a batch reads, checks or writes, each as often as it does. It rises with the time that the batch
/// takes, but depends on nothing else than the scene and the edits.
pub(crate) fn weigh(world: &World, edits: &[Edit]) -> usize {
    let index = world.resource::<LayerIndex>();
    let of_scene = |scene: &SceneDocument| 1 + scene.walk().count();
    let of_layer = |layer: &LayerDocument| layer.walk().count();
    // Whatever the batch itself adds is there for all its edits.
    let added = |edit: &Edit| match edit {
        Edit::CreateLayer { layer, .. } | Edit::ReplaceLayer { layer, .. } => of_layer(layer),
        Edit::LoadScene { scene } | Edit::PutScene { scene, .. } => of_scene(scene),
        _ => 0,
    };
    let all = index.len() + edits.iter().map(added).sum::<usize>();
    let held = |id: &SceneId| world.resource::<Held>().0.others.get(id).map_or(all, |scene| of_scene(scene));
    let with_children = |id: &LayerId| {
        let layer = index.get(id).and_then(|entity| world.get_entity(entity).ok());
        let is_alone = layer.is_some_and(|layer| children(layer).is_empty() && !is_group(layer));
        if is_alone { 1 } else { all.max(1) }
    };
    let SceneRoot(root) = *world.resource::<SceneRoot>();
    let triggers = || world.get::<SceneHeader>(root).map_or(0, |header| header.0.triggers.len());
    let of_edit = |edit: &Edit| match edit {
        Edit::CreateLayer { .. } | Edit::LoadScene { .. } | Edit::PutScene { .. } => added(edit),
        Edit::ReplaceLayer { id, layer } => of_layer(layer).max(with_children(id)),
        Edit::PatchLayer { id, patch } => {
            let is_wide = ["children", "content"].iter().any(|key| patch.get(key).is_some());
            count_values(patch) / VALUES + if is_wide { with_children(id) } else { 1 }
        }
        Edit::MoveLayer { .. } | Edit::DeleteLayer { .. } => 1 + all / LOOKED_AT,
        Edit::OrderLayers { order, .. } => 1 + order.len() / 10 + 5 * all / LOOKED_AT,
        Edit::ActivateScene { id, .. } => all + held(id),
        Edit::Expect { document, .. } | Edit::ExpectAbsent { document } => match document {
            DocumentName::Layer { id } => with_children(id),
            DocumentName::Scene { id } => held(id).max(1),
            _ => 1,
        },
        Edit::PatchCanvas { .. } | Edit::PatchAudio { .. } | Edit::PatchTrack { .. } | Edit::PatchTrigger { .. } => {
            1 + edit.patched_values() / VALUES
        }
        Edit::FireEvent { .. } => 1 + triggers(),
        _ => 1,
    };
    edits.iter().map(of_edit).sum()
}

fn is_group(layer: EntityRef<'_>) -> bool {
    layer.get::<Content>().is_some_and(|content| matches!(content, Content::Group(_)))
}
