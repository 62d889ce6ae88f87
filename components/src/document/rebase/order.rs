//! In which order the things of a list stand that both a scene and its file have changed.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

/// A list as it is in the scene, as it was in the file, and as it is there now.
type Lists<'list, 'a, I> = [&'list [&'a I]; 3];

/// The ids of all three, each once: in the order of the scene where the file's has not changed, else in the file's. What was
/// added to or taken from the file does not change its order. Those that the order does not know stand at the start or the
/// end if they do so in their own list, else behind their neighbour.
pub(super) fn ordered<'a, I: Hash + Eq>([present, before, after]: Lists<'_, 'a, I>) -> Vec<&'a I> {
    let (first, second) = if has_moved(before, after) { (after, present) } else { (present, after) };
    let known: HashSet<&I> = first.iter().copied().collect();
    // What is behind the last that both have is behind all.
    let between = second.iter().rposition(|id| known.contains(id)).map_or(0, |last| last + 1);
    let mut order = first.to_vec();
    let mut behind: Option<&I> = None;
    for &id in &second[..between] {
        if !known.contains(id) {
            let at = behind.and_then(|behind| order.iter().position(|known| *known == behind));
            order.insert(at.map_or(0, |at| at + 1), id);
        }
        behind = Some(id);
    }
    order.extend(&second[between..]);
    order
}

/// Whether the scene and its file have brought what both had and have into orders that differ.
pub(super) fn is_of_both<I: Hash + Eq>([present, before, after]: Lists<'_, '_, I>) -> bool {
    let [old, new] = [before, after].map(|ids| ids.iter().copied().collect::<HashSet<_>>());
    let in_all = |ids: &&I| old.contains(ids) && new.contains(ids);
    let present: Vec<&I> = present.iter().copied().filter(in_all).collect();
    has_moved(before, after) && has_moved(&present, before) && has_moved(&present, after)
}

/// Whether what both lists have stands in another order in the second.
fn has_moved<I: Hash + Eq>(first: &[&I], second: &[&I]) -> bool {
    let places: HashMap<&I, usize> = first.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    !second.iter().filter_map(|id| places.get(*id)).is_sorted()
}
