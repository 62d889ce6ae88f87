//! Variants of the stream: one scene, one draw list, and a picture for each.
//!
//! Every step of the draw list says in which variants it is seen. Rasters, damage and pictures of groups are those of all
//! variants together; only the last step, laying them onto a canvas, is done for each, and only where they differ: all other
//! tiles are copied from the stream's own picture.

use std::borrow::Cow;

use bevy_ecs::resource::Resource;
use components::{VariantId, Variants};

use crate::{
    cull::{DrawStep, Drawn},
    tiles::TileSet,
};

/// Variants that may be drawn at once, the stream's own picture among them.
pub const MOST_VARIANTS: usize = 16;

/// A set of variants, by their places in [`DrawnVariants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantSet(u16);

impl VariantSet {
    /// All there may be.
    pub(crate) const ALL: Self = Self(u16::MAX);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn contains(self, variant: usize) -> bool {
        self.0 >> variant & 1 == 1
    }

    /// Those in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are among `other`.
    pub(crate) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// The variants that are drawn: the stream's own picture first.
#[derive(Resource, Clone, Debug, PartialEq, Eq)]
pub struct DrawnVariants(Vec<VariantId>);

impl Default for DrawnVariants {
    fn default() -> Self {
        Self(vec![VariantId::main()])
    }
}

impl DrawnVariants {
    /// `own` as the stream's own picture, and these besides, each once; at most [`MOST_VARIANTS`] in all.
    pub(crate) fn new(own: VariantId, further: impl IntoIterator<Item = VariantId>) -> Self {
        let mut all = vec![own];
        all.extend(further);
        all.truncate(MOST_VARIANTS);
        Self(all)
    }

    /// How many there are besides the stream's own.
    pub(crate) fn further(&self) -> usize {
        self.0.len() - 1
    }

    /// Where a variant stands among them; 0 is the stream's own. `None` if it is not drawn.
    pub(crate) fn place(&self, variant: &VariantId) -> Option<usize> {
        self.0.iter().position(|known| known == variant)
    }

    /// Those in which a layer is seen of which this is said.
    pub(crate) fn of(&self, variants: &Variants) -> VariantSet {
        if variants.is_all() {
            return VariantSet(u16::MAX >> (MOST_VARIANTS - self.0.len()));
        }
        let included = self.0.iter().enumerate().filter(|(_, variant)| variants.includes(variant));
        VariantSet(included.fold(0, |set, (place, _)| set | 1 << place))
    }
}

/// The steps that are seen in a variant.
pub(crate) fn seen_in(steps: &[DrawStep], variant: usize) -> Cow<'_, [DrawStep]> {
    let is_seen = |drawn: &Drawn| drawn.variants.contains(variant);
    if steps.iter().filter_map(DrawStep::drawn).all(is_seen) {
        return Cow::Borrowed(steps);
    }
    // Whether each group that is open is drawn as one here; what is in it says for itself whether it is seen.
    let mut open: Vec<bool> = Vec::new();
    let mut seen = Vec::with_capacity(steps.len());
    for step in steps {
        let is_kept = match step {
            DrawStep::Layer(drawn) | DrawStep::Picture(drawn) => is_seen(drawn),
            DrawStep::BeginGroup(drawn) => {
                open.push(is_seen(drawn));
                is_seen(drawn)
            }
            DrawStep::EndGroup => open.pop().unwrap_or_default(),
        };
        if is_kept {
            seen.push(*step);
        }
    }
    Cow::Owned(seen)
}

/// Adds the tiles in which a variant may differ from the stream's own picture.
pub(crate) fn differing(steps: &[DrawStep], variant: usize, tiles: &mut TileSet) {
    for drawn in steps.iter().filter_map(DrawStep::drawn) {
        if drawn.variants.contains(variant) != drawn.variants.contains(0) && !drawn.covered {
            tiles.insert_rect(drawn.bounds);
        }
    }
}
