//! Ids that layers cannot be given by clients, since paths have another meaning with them.
//!
//! A scene file may have such layers: its author is told, and steers them by batches. They may stay in what clients put in
//! the place of their scene or group, so that what was read can be written.

use std::collections::HashSet;

use components::{
    Edit, LayerDocument, SceneDocument,
    document::{Fault, RESERVED_LAYERS, no_reserved_layer, reserved_in_patch},
    held::SceneId,
};

use super::Problem;
use crate::engine::{EngineHandle, Unanswered};

/// A layer that would come to have such an id.
struct Found {
    id: String,
    pointer: String,
    home: Home,
}

/// Where such a layer may be already.
enum Home {
    /// Nowhere: it is new.
    Nowhere,
    /// In the scene on air.
    OnAir,
    /// In the scene of this id.
    Scene(SceneId),
}

/// What is wrong with the ids of layers that edits would bring in, with pointers into their batch.
///
/// # Errors
/// The engine cannot be asked which there are already.
pub(super) async fn faults(engine: &EngineHandle, edits: &[Edit]) -> Result<Vec<Fault>, Unanswered> {
    let mut found = found(edits);
    // Most have none: what is told of the scene would hold them up.
    if found.iter().any(|found| !matches!(found.home, Home::Nowhere)) {
        let (snapshot, held) = engine.scenes().await?;
        let on_air = reserved_of(&snapshot.scene);
        found.retain(|Found { id, home, .. }| match home {
            Home::Nowhere => true,
            Home::Scene(scene) if held.active != *scene => {
                !held.others.get(scene).is_some_and(|scene| reserved_of(scene).contains(id.as_str()))
            }
            Home::OnAir | Home::Scene(_) => !on_air.contains(id.as_str()),
        });
    }
    Ok(found.into_iter().map(fault).collect())
}

/// Refuses an edit that would bring in such a layer, with pointers into the document that it is made of.
///
/// # Errors
/// As above, and the engine cannot be asked.
pub(super) async fn check(engine: &EngineHandle, edit: &Edit) -> Result<(), Problem> {
    let mut faults = faults(engine, std::slice::from_ref(edit)).await?;
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &mut faults {
        // What names the edit in its batch, and the document in the edit.
        let inside: String = fault.pointer.split('/').skip(4).flat_map(|part| ["/", part]).collect();
        fault.pointer = inside;
    }
    Err(Problem::invalid(faults))
}

fn fault(Found { id, pointer, .. }: Found) -> Fault {
    Fault { place: None, pointer, found: format!("`{id}`"), expected: no_reserved_layer(&id), nearest: None }
}

fn reserved_of(scene: &SceneDocument) -> HashSet<&str> {
    scene.walk().map(|layer| layer.id.as_str()).filter(|id| RESERVED_LAYERS.contains(id)).collect()
}

fn found(edits: &[Edit]) -> Vec<Found> {
    let mut all = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let at = |part: &str| format!("/edits/{index}/{part}");
        match edit {
            Edit::CreateLayer { layer, .. } => in_layer(layer, &at("layer"), &mut |id, pointer| {
                all.push(Found { id, pointer, home: Home::Nowhere });
            }),
            // The layer itself is there already, or the edit is refused.
            Edit::ReplaceLayer { layer, .. } => {
                in_layers(&layer.children, &at("layer/children"), &mut |id, pointer| {
                    all.push(Found { id, pointer, home: Home::OnAir });
                });
            }
            // It is not known yet whether these are layers of a group.
            Edit::PatchLayer { patch, .. } => reserved_in_patch(patch, &at("patch"), &mut |id, pointer| {
                all.push(Found { id: id.to_owned(), pointer, home: Home::OnAir });
            }),
            Edit::LoadScene { scene } => in_layers(&scene.layers, &at("scene/layers"), &mut |id, pointer| {
                all.push(Found { id, pointer, home: Home::OnAir });
            }),
            Edit::PutScene { id: scene_id, scene } => {
                in_layers(&scene.layers, &at("scene/layers"), &mut |id, pointer| {
                    all.push(Found { id, pointer, home: Home::Scene(scene_id.clone()) });
                });
            }
            _ => {}
        }
    }
    all
}

/// Tells `tell` of the layer and of all below it that have such ids, with pointers that begin with `base`.
fn in_layer(layer: &LayerDocument, base: &str, tell: &mut impl FnMut(String, String)) {
    if RESERVED_LAYERS.contains(&layer.id.as_str()) {
        tell(layer.id.to_string(), format!("{base}/id"));
    }
    if !layer.children.is_empty() {
        in_layers(&layer.children, &format!("{base}/children"), tell);
    }
}

fn in_layers(layers: &[LayerDocument], base: &str, tell: &mut impl FnMut(String, String)) {
    for (index, layer) in layers.iter().enumerate() {
        in_layer(layer, &format!("{base}/{index}"), tell);
    }
}
