//! Draws one tile.

use components::{BlendMode, PixelRect};
use fearless_simd::{Level, dispatch};

use super::{
    Pixel, STRIP, blend,
    over::{mask_row, over_row},
    plan::{Entry, Group, Item, Plan},
    surface::Surface,
};
use crate::tiles::TILE;

const BLACK: Pixel = [0, 0, 0, 255];

/// Buffers for the pictures of groups, kept from tile to tile.
#[derive(Default)]
pub(super) struct Scratch {
    free: Vec<Vec<Pixel>>,
}

impl Scratch {
    /// A buffer for one tile of a strip. What is in it has no meaning.
    fn take(&mut self) -> Vec<Pixel> {
        self.free.pop().unwrap_or_else(|| vec![[0; 4]; TILE * STRIP])
    }

    fn put_back(&mut self, buffer: Vec<Pixel>) {
        self.free.push(buffer);
    }
}

impl Plan<'_> {
    /// Draws `tile`, a tile or the part of one that is in a strip, which must be inside of `surface`. `entries` are those
    /// of the strip, `column` those of the tile.
    pub(super) fn draw_tile(
        &self,
        entries: &[Entry],
        column: &[usize],
        tile: PixelRect,
        surface: &mut Surface<'_>,
        scratch: &mut Scratch,
    ) {
        let seen = tile.intersect(self.clip);
        if seen != tile {
            surface.fill(tile, BLACK);
        }
        if seen.is_empty() {
            return;
        }
        let first = match self.cover(entries, column, seen) {
            Some(first) => first,
            None => {
                surface.fill(seen, self.background);
                0
            }
        };
        for index in &column[first..] {
            self.draw_entry(entries, *index, seen, surface, scratch);
        }
    }

    /// The topmost entry of `column` that hides everything below it in `area`. What is in groups is not considered.
    fn cover(&self, entries: &[Entry], column: &[usize], area: PixelRect) -> Option<usize> {
        column
            .iter()
            .rposition(|index| matches!(&self.items[entries[*index].item], Item::Layer(layer) if layer.covers(area)))
    }

    fn draw_entry(
        &self,
        entries: &[Entry],
        index: usize,
        area: PixelRect,
        surface: &mut Surface<'_>,
        scratch: &mut Scratch,
    ) {
        let entry = entries[index];
        match &self.items[entry.item] {
            Item::Layer(layer) => layer.draw(self.level, area, surface),
            Item::Group(group) => {
                let area = area.intersect(group.bounds);
                if !area.is_empty() {
                    self.draw_group(group, &entries[index + 1..index + 1 + entry.len], area, surface, scratch);
                }
            }
        }
    }

    fn draw_group(
        &self,
        group: &Group<'_>,
        inside: &[Entry],
        area: PixelRect,
        surface: &mut Surface<'_>,
        scratch: &mut Scratch,
    ) {
        let mut buffer = scratch.take();
        let mut picture = transparent(&mut buffer, area);
        let mut next = 0;
        while let Some(entry) = inside.get(next) {
            self.draw_entry(inside, next, area, &mut picture, scratch);
            next += 1 + entry.len;
        }
        if let Some(mask) = &group.mask {
            let mut buffer = scratch.take();
            let mut alpha = transparent(&mut buffer, area);
            mask.raster.draw(self.level, area, &mut alpha);
            let flip = if mask.inverted { 255 } else { 0 };
            dispatch!(self.level, _ => mask_rows(&mut picture, &alpha, area, flip));
            scratch.put_back(buffer);
        }
        match group.blend {
            BlendMode::Normal => {
                dispatch!(self.level, _ => over_rows(self.level, surface, &picture, area, group.opacity));
            }
            mode => {
                for y in area.y0..area.y1 {
                    let source = picture.row(area.x0, area.x1, y);
                    blend::row(self.level, mode, surface.row_mut(area.x0, area.x1, y), source, group.opacity);
                }
            }
        }
        scratch.put_back(buffer);
    }
}

/// A transparent surface of the size of `area`.
#[expect(clippy::cast_sign_loss, reason = "areas lie on the frame")]
fn transparent(buffer: &mut [Pixel], area: PixelRect) -> Surface<'_> {
    let (width, height) = (area.width() as usize, area.height() as usize);
    let pixels = &mut buffer[..width * height];
    pixels.fill([0; 4]);
    Surface::new(pixels, width, area.x0 as usize, area.y0 as usize)
}

#[inline(always)]
fn mask_rows(picture: &mut Surface<'_>, alpha: &Surface<'_>, area: PixelRect, flip: u8) {
    for y in area.y0..area.y1 {
        mask_row(picture.row_mut(area.x0, area.x1, y), alpha.row(area.x0, area.x1, y), flip);
    }
}

#[inline(always)]
fn over_rows(level: Level, surface: &mut Surface<'_>, picture: &Surface<'_>, area: PixelRect, opacity: u8) {
    for y in area.y0..area.y1 {
        over_row(level, surface.row_mut(area.x0, area.x1, y), picture.row(area.x0, area.x1, y), opacity);
    }
}
