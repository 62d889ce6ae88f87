//! Which timelines were steered.

use std::collections::HashSet;

/// Timelines that were steered since somebody was told.
#[derive(Clone, Debug, Default)]
pub(in super::super) enum Steered {
    /// None.
    #[default]
    None,
    /// Those at these places.
    Some(HashSet<usize>),
    /// All: there are others than before.
    All,
}

impl Steered {
    /// Adds the one at `index`.
    pub(in super::super) fn add(&mut self, index: usize) {
        match self {
            Self::None => *self = Self::Some([index].into()),
            Self::Some(known) => {
                known.insert(index);
            }
            Self::All => {}
        }
    }

    pub(in super::super) fn has(&self, index: usize) -> bool {
        match self {
            Self::None => false,
            Self::Some(known) => known.contains(&index),
            Self::All => true,
        }
    }
}
