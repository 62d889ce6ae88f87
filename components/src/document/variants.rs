//! Whether layers are left out of variants only where that can be drawn.

use super::{
    fault::Fault,
    outline::LayerEntry,
    words::{shown_key, shown_pointer},
};

/// What is wrong with the variants of these layers, which are all layers of a scene; without places.
///
/// A group with effects, and one that is a mask, is drawn as one picture for all variants: nothing in it can be left out of
/// some of them.
pub(super) fn check(layers: &[LayerEntry<'_>]) -> Vec<Fault> {
    if layers.iter().all(|entry| !entry.is_limited) {
        return Vec::new();
    }
    let masks: Vec<&str> = layers.iter().filter_map(|entry| entry.mask_layer.as_deref()).collect();
    // Groups around the present layer, with why they are one picture.
    let mut open: Vec<(&LayerEntry<'_>, Option<&str>)> = Vec::new();
    let mut faults = Vec::new();
    for entry in layers {
        open.truncate(entry.depth);
        if entry.is_limited
            && let Some((group, why)) = open.iter().find_map(|(group, why)| Some((group, (*why)?)))
        {
            let name = match group.id.as_deref() {
                Some(id) => shown_key(id),
                None => format!("`{}`", shown_pointer(&group.pointer)),
            };
            faults.push(Fault {
                place: None,
                pointer: format!("{}/variants", entry.pointer),
                found: format!("a layer that some variants leave out, in the group {name}, which {why}"),
                expected: "variants of that group itself, which is one picture for all of them".to_owned(),
                nearest: None,
            });
        }
        let is_mask = entry.id.as_deref().is_some_and(|id| masks.contains(&id));
        let why = match () {
            () if !entry.effects.0.is_empty() => Some("has effects"),
            () if is_mask => Some("is the mask of another layer"),
            () => None,
        };
        open.push((entry, why));
    }
    faults
}
