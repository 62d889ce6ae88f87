//! Text.

mod fallback;
pub(crate) mod fonts;
mod glyphs;
mod layout;

use components::{
    computed::Extent,
    content::{Overflow, TextContent},
};
use kurbo::Rect;

pub use self::fonts::Fonts;
use self::{
    glyphs::{GlyphImage, GlyphPixels},
    layout::TextLayout,
};
use super::{DrawContext, Drawable, Measure, paint, surface::Surface};

impl Drawable for TextContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        let layout = ctx.fonts.layout(self);
        let extent = Extent { width: layout.width, height: layout.height };
        Measure { extent, ink: visible(self, &layout) }
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let layout = ctx.fonts.layout(self);
        let ink = visible(self, &layout);
        if ink.is_zero_area() {
            return None;
        }
        // Baselines are moved onto whole raster pixels.
        let room = if self.overflow == Overflow::Clip { ink } else { ink.inflate(0.5 / scale.0, 0.5 / scale.1) };
        let mut surface = Surface::covering(room, scale)?;
        draw_layout(&mut surface, self, &layout, (0.0, 0.0), ctx.fonts);
        Some(surface)
    }
}

/// Draws a text onto a surface, its box at `origin` (layer pixels).
pub(super) fn draw_onto(surface: &mut Surface, content: &TextContent, origin: (f64, f64), fonts: &mut Fonts) {
    let layout = fonts.layout(content);
    draw_layout(surface, content, &layout, origin, fonts);
}

/// What is seen of the glyphs.
fn visible(content: &TextContent, layout: &TextLayout) -> Rect {
    if content.overflow != Overflow::Clip {
        return layout.ink;
    }
    // Only a side that is given can be left.
    let width = content.width.map_or((f64::NEG_INFINITY, f64::INFINITY), |width| (0.0, width));
    let height = content.height.map_or((f64::NEG_INFINITY, f64::INFINITY), |height| (0.0, height));
    let seen = layout.ink.intersect(Rect::new(width.0, height.0, width.1, height.1));
    if seen.width() > 0.0 && seen.height() > 0.0 { seen } else { Rect::ZERO }
}

fn draw_layout(
    surface: &mut Surface,
    content: &TextContent,
    layout: &TextLayout,
    origin: (f64, f64),
    fonts: &mut Fonts,
) {
    let (width, height) = (surface.pixmap.width() as usize, surface.pixmap.height() as usize);
    let Some(mut coverage) = tiny_skia::Mask::new(width as u32, height as u32) else { return };
    let mut pictures = Vec::new();
    let scale = surface.scale;
    for glyph in &layout.glyphs {
        let x = (origin.0 + glyph.x) * scale.0 - f64::from(surface.left);
        // A baseline on whole pixels keeps the feet of letters sharp.
        let baseline = ((origin.1 + glyph.baseline) * scale.1).round() - f64::from(surface.top);
        let y = baseline + glyph.shift * scale.1;
        let fraction = ((x - x.floor()) as f32, (y - y.floor()) as f32);
        let Some(mut image) = fonts.glyphs.draw(&mut fonts.system, glyph, scale, fraction) else { continue };
        image.left = image.left.saturating_add(x.floor() as i32);
        image.top = image.top.saturating_add(y.floor() as i32);
        match &image.pixels {
            GlyphPixels::Coverage(_) => add_coverage(coverage.data_mut(), (width, height), &image),
            GlyphPixels::Color(_) => pictures.push(image),
        }
    }
    // Gradients span the text box.
    let area = Rect::new(origin.0, origin.1, origin.0 + layout.width, origin.1 + layout.height);
    paint::fill_mask(surface, &coverage, &content.fill, area);
    for picture in &pictures {
        add_picture(surface.pixmap.data_mut(), (width, height), picture);
    }
}

/// Calls `draw` with the parts of each row of the image that lie within the surface: the first pixel's index in the
/// surface and in the image, and how many pixels there are.
fn rows(size: (usize, usize), image: &GlyphImage, mut draw: impl FnMut(usize, usize, usize)) {
    let clip = |start: i32, length: usize, room: usize| {
        let skipped = start.min(0).unsigned_abs() as usize;
        let first = start.max(0) as usize;
        (first, skipped, length.saturating_sub(skipped).min(room.saturating_sub(first)))
    };
    let (x, skipped_x, columns) = clip(image.left, image.width, size.0);
    let (y, skipped_y, lines) = clip(image.top, image.height, size.1);
    for line in 0..lines {
        draw((y + line) * size.0 + x, (skipped_y + line) * image.width + skipped_x, columns);
    }
}

/// Where glyphs overlap, they cover as one.
fn add_coverage(coverage: &mut [u8], size: (usize, usize), image: &GlyphImage) {
    let GlyphPixels::Coverage(glyph) = &image.pixels else { return };
    rows(size, image, |to, from, count| {
        for (target, source) in coverage[to..to + count].iter_mut().zip(&glyph[from..from + count]) {
            let both = u32::from(*target) * u32::from(*source) + 128;
            *target = (u32::from(*target) + u32::from(*source) - ((both + (both >> 8)) >> 8)) as u8;
        }
    });
}

/// Source-over.
fn add_picture(pixels: &mut [u8], size: (usize, usize), image: &GlyphImage) {
    let GlyphPixels::Color(glyph) = &image.pixels else { return };
    rows(size, image, |to, from, count| {
        let targets = pixels[to * 4..(to + count) * 4].chunks_exact_mut(4);
        for (target, source) in targets.zip(glyph[from * 4..(from + count) * 4].chunks_exact(4)) {
            let behind = 255 - u32::from(source[3]);
            for (byte, color) in target.iter_mut().zip(source) {
                let product = u32::from(*byte) * behind + 128;
                *byte = (u32::from(*color) + ((product + (product >> 8)) >> 8)).min(255) as u8;
            }
        }
    });
}
