//! Ids that layers cannot be given by clients, since paths have another meaning with them.

use components::{
    Edit, LayerDocument,
    document::{Fault, RESERVED_LAYERS},
};

/// What is wrong with the ids of a layer that is to be added and of all below it, with pointers that begin with `base`.
pub(super) fn faults(layer: &LayerDocument, base: &str) -> Vec<Fault> {
    let own = RESERVED_LAYERS.contains(&layer.id.as_str()).then(|| Fault {
        place: None,
        pointer: format!("{base}/id"),
        found: format!("`{}`", layer.id),
        expected: format!(
            "another id: the paths `/api/stream/layers/{}` and below have another meaning, as they do for `{}`",
            layer.id,
            RESERVED_LAYERS.join("`, `")
        ),
        nearest: None,
    });
    let below = layer.children.iter().enumerate();
    let below = below.flat_map(|(index, child)| faults(child, &format!("{base}/children/{index}")));
    own.into_iter().chain(below).collect()
}

/// The same of the layers that edits are to add, with pointers into their batch.
pub(super) fn faults_of_edits(edits: &[Edit]) -> Vec<Fault> {
    let edits = edits.iter().enumerate();
    let faults = edits.filter_map(|(index, edit)| match edit {
        Edit::CreateLayer { layer, .. } => Some(faults(layer, &format!("/edits/{index}/layer"))),
        _ => None,
    });
    faults.flatten().collect()
}
