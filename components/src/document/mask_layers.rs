//! Whether the layers that are masks of others exist, and do not depend on those others themselves.

use std::collections::HashMap;

use super::{
    fault::Fault,
    outline::LayerEntry,
    rules::quoted,
    words::{nearest, shown_text},
};

/// Layers that may be masks of one another in a row.
pub const MAX_MASK_DEPTH: usize = 16;

/// What is wrong with the masks of these layers, which are all layers of a scene; without places.
pub(super) fn check(layers: &[LayerEntry<'_>]) -> Vec<Fault> {
    if layers.iter().all(|entry| entry.mask_layer.is_none()) {
        return Vec::new();
    }
    let graph = Graph::new(layers);
    let mut faults = Vec::new();
    for (index, entry) in layers.iter().enumerate() {
        let Some(wanted) = entry.mask_layer.as_deref() else { continue };
        let mut fault = |found: String, expected: String, nearest: Option<String>| {
            let pointer = format!("{}/mask/shape/layer", entry.pointer);
            faults.push(Fault { place: None, pointer, found, expected, nearest });
        };
        let Some(mask) = graph.masks[index] else {
            let others =
                layers.iter().filter_map(|entry| entry.id.as_deref()).filter(|id| Some(*id) != entry.id.as_deref());
            let near = nearest(wanted, others).map(quoted);
            fault(shown_text(wanted), "the id of another layer of the scene".to_owned(), near);
            continue;
        };
        if graph.needs(mask, index) {
            let found = if mask == index {
                format!("{}, the layer itself", shown_text(wanted))
            } else {
                format!("{}, whose picture needs that of this layer", shown_text(wanted))
            };
            let expected = "a layer that neither contains this one nor is masked by it";
            fault(found, expected.to_owned(), None);
        }
    }
    if faults.is_empty() {
        let depths = graph.depths();
        // The first that is too deep; those that need it are so too.
        if let Some(index) =
            (0..layers.len()).find(|index| graph.masks[*index].is_some() && depths[*index] == MAX_MASK_DEPTH + 1)
        {
            faults.push(Fault {
                place: None,
                pointer: format!("{}/mask/shape/layer", layers[index].pointer),
                found: format!("a mask that is masked itself, and so on, {} deep", MAX_MASK_DEPTH + 1),
                expected: format!("at most {MAX_MASK_DEPTH} masks in a row"),
                nearest: None,
            });
        }
    }
    faults
}

/// Which layer's picture is needed for which other's.
struct Graph {
    /// The mask of each.
    masks: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
}

impl Graph {
    fn new(layers: &[LayerEntry<'_>]) -> Self {
        let mut known = HashMap::new();
        for (index, entry) in layers.iter().enumerate() {
            if let Some(id) = entry.id.as_deref() {
                known.entry(id).or_insert(index);
            }
        }
        let masks = layers.iter().map(|entry| known.get(entry.mask_layer.as_deref()?).copied()).collect();
        let mut children = vec![Vec::new(); layers.len()];
        // Parents stand before their children, each as deep as there are groups around it.
        let mut open: Vec<usize> = Vec::new();
        for (index, entry) in layers.iter().enumerate() {
            open.truncate(entry.depth);
            if let Some(parent) = open.last() {
                children[*parent].push(index);
            }
            open.push(index);
        }
        Self { masks, children }
    }

    fn needed(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.children[index].iter().copied().chain(self.masks[index])
    }

    /// Whether the picture of `layer` needs that of `other`, or is it.
    fn needs(&self, layer: usize, other: usize) -> bool {
        let mut seen = vec![false; self.masks.len()];
        let mut open = vec![layer];
        while let Some(index) = open.pop() {
            if index == other {
                return true;
            }
            if !std::mem::replace(&mut seen[index], true) {
                open.extend(self.needed(index));
            }
        }
        false
    }

    /// How many masks in a row each layer's picture needs. The graph must have no cycles.
    fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<Option<usize>> = vec![None; self.masks.len()];
        for start in 0..depths.len() {
            let mut open = vec![start];
            while let Some(&index) = open.last() {
                let before = open.len();
                open.extend(self.needed(index).filter(|needed| depths[*needed].is_none()));
                if open.len() == before {
                    let of = |needed: usize| depths[needed].unwrap_or_default();
                    let by_children = self.children[index].iter().map(|child| of(*child)).max().unwrap_or_default();
                    let by_mask = self.masks[index].map_or(0, |mask| of(mask) + 1);
                    depths[index] = Some(by_children.max(by_mask));
                    open.pop();
                }
            }
        }
        depths.into_iter().map(Option::unwrap_or_default).collect()
    }
}
