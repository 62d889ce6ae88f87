//! The display list made ready: what cannot be seen is left out, and positions are worked out once for all tiles.

use components::{BlendMode, PixelRect};
use fearless_simd::Level;

use super::{
    GroupStep, Pixel, Step,
    layer::{Layer, opacity_byte},
    placing::Placing,
};
use crate::viewport::Viewport;

/// A display list that is ready to be drawn.
pub(super) struct Plan<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Indices of the items that are in no group, rising.
    pub(super) outermost: Vec<usize>,
    pub(super) clip: PixelRect,
    pub(super) background: Pixel,
    pub(super) level: Level,
}

pub(super) enum Item<'a> {
    Layer(Layer<'a>),
    Group(Group<'a>),
}

/// A group; its `len` items follow it.
pub(super) struct Group<'a> {
    pub(super) len: usize,
    pub(super) bounds: PixelRect,
    pub(super) opacity: u8,
    pub(super) blend: BlendMode,
    pub(super) mask: Option<Mask<'a>>,
}

/// What part of a group is seen: where this raster is opaque, or where it is not.
pub(super) struct Mask<'a> {
    pub(super) raster: Layer<'a>,
    pub(super) inverted: bool,
}

impl Item<'_> {
    fn following(&self) -> usize {
        match self {
            Self::Layer(_) => 0,
            Self::Group(group) => group.len,
        }
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(steps: &'a [Step], viewport: &Viewport, level: Level) -> Self {
        let mut items = Vec::with_capacity(steps.len());
        let mut open: Vec<usize> = Vec::new();
        for step in steps {
            match step {
                Step::Layer(step) => items.extend(Layer::new(step, viewport.clip).map(Item::Layer)),
                Step::BeginGroup(step) => {
                    open.push(items.len());
                    items.push(Item::Group(Group::new(step, viewport.clip)));
                }
                Step::EndGroup => {
                    if let Some(begin) = open.pop() {
                        close_group(&mut items, begin);
                    }
                }
            }
        }
        while let Some(begin) = open.pop() {
            close_group(&mut items, begin);
        }
        let mut outermost = Vec::new();
        let mut index = 0;
        while let Some(item) = items.get(index) {
            outermost.push(index);
            index += 1 + item.following();
        }
        Self { items, outermost, clip: viewport.clip, background: viewport.background, level }
    }
}

impl<'a> Group<'a> {
    fn new(step: &'a GroupStep, clip: PixelRect) -> Self {
        let mut bounds = step.bounds.intersect(clip);
        let mut mask = None;
        if let Some(step) = &step.mask {
            match Placing::new(step.affine, step.raster.width, step.raster.height) {
                Some(placing) => {
                    let raster = Layer::placed(&step.raster, placing, bounds, 255, BlendMode::Normal);
                    mask = Some(Mask { raster, inverted: step.inverted });
                }
                None if step.inverted => {}
                None => bounds = PixelRect::EMPTY,
            }
        }
        Self { len: 0, bounds, opacity: opacity_byte(step.opacity), blend: step.blend, mask }
    }
}

/// Ends the group at `begin` with the last item. It is taken out if nothing of it can be seen.
///
/// A group is never dissolved into its layers here: that rounds otherwise, and would have to follow from what is in the
/// whole group, while a tick may draw only a part of it.
fn close_group(items: &mut Vec<Item<'_>>, begin: usize) {
    let len = items.len() - begin - 1;
    let Some(Item::Group(group)) = items.get_mut(begin) else { return };
    group.len = len;
    if len == 0 || group.bounds.is_empty() || group.opacity == 0 {
        items.truncate(begin);
    }
}
