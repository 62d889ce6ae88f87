//! The display list made ready: what cannot be seen is left out, and positions are worked out once for all tiles.

use components::{BlendMode, PixelRect};
use fearless_simd::Level;

use super::{
    Filter, GroupStep, Pixel, Step,
    layer::{Layer, opacity_byte},
    placing::Placing,
};
use crate::{tiles::TILE, viewport::Viewport};

/// A display list that is ready to be drawn.
pub(super) struct Plan<'a> {
    pub(super) items: Vec<Item<'a>>,
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

/// An item that may be seen in a strip.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) item: usize,
    /// So many entries after this one are in it.
    pub(super) len: usize,
}

impl Item<'_> {
    fn bounds(&self) -> PixelRect {
        match self {
            Self::Layer(layer) => layer.bounds,
            Self::Group(group) => group.bounds,
        }
    }

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
        Self { items, clip: viewport.clip, background: viewport.background, level }
    }

    /// The items that may be seen in `strip`, in their order. Tiles do not have to look at all others then.
    pub(super) fn entries(&self, strip: PixelRect) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.collect(strip, 0, self.items.len(), &mut entries);
        entries
    }

    fn collect(&self, strip: PixelRect, from: usize, to: usize, entries: &mut Vec<Entry>) {
        let mut index = from;
        while index < to {
            let item = &self.items[index];
            let after = index + 1 + item.following();
            if !item.bounds().intersect(strip).is_empty() {
                let entry = entries.len();
                entries.push(Entry { item: index, len: 0 });
                self.collect(strip, index + 1, after, entries);
                entries[entry].len = entries.len() - entry - 1;
            }
            index = after;
        }
    }

    /// For each column of tiles the entries (as indices) that are in no group and may be seen there.
    #[expect(clippy::cast_sign_loss, reason = "bounds lie on the frame")]
    pub(super) fn columns(&self, entries: &[Entry], count: usize) -> Vec<Vec<usize>> {
        let mut columns = vec![Vec::new(); count];
        let mut index = 0;
        while let Some(entry) = entries.get(index) {
            let bounds = self.items[entry.item].bounds();
            let touched = bounds.x0 as usize / TILE..(bounds.x1 as usize).div_ceil(TILE).min(count);
            for column in &mut columns[touched] {
                column.push(index);
            }
            index += 1 + entry.len;
        }
        columns
    }
}

impl<'a> Group<'a> {
    fn new(step: &'a GroupStep, clip: PixelRect) -> Self {
        let mut bounds = step.bounds.intersect(clip);
        let mut mask = None;
        if let Some(step) = &step.mask {
            match Placing::new(step.affine, &step.raster, Filter::Bilinear) {
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
