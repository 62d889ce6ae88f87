//! Lays one raster onto a surface.

mod sampled;

use components::{BlendMode, PixelRect};
use fearless_simd::{Level, dispatch};

use super::{Filter, LayerStep, Pixel, blend, cover, fetch::fetch, over::over_row, placing::Placing, surface::Surface};
use crate::rasterise::pixmap::{Raster, Row};

/// Rows of a raster that memory is fetched ahead: a tile needs too little of each for processors to do it by themselves.
const ROWS_AHEAD: usize = 6;

/// A layer made ready to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'a> {
    pixels: &'a [Pixel],
    width: usize,
    height: usize,
    opaque: bool,
    rows: &'a [Row],
    /// The colour of all pixels, if it is one and they are few.
    uniform: Option<Pixel>,
    placing: Placing,
    filter: Filter,
    pub(super) bounds: PixelRect,
    opacity: u8,
    pub(super) blend: BlendMode,
}

impl<'a> Layer<'a> {
    /// `None` if it cannot be seen inside of `clip`.
    pub(super) fn new(step: &'a LayerStep, clip: PixelRect) -> Option<Self> {
        let opacity = opacity_byte(step.opacity);
        let placing = Placing::new(step.affine, &step.raster, step.filter)?;
        let bounds = step.bounds.intersect(clip);
        let layer = Self { filter: step.filter, ..Self::placed(&step.raster, placing, bounds, opacity, step.blend) };
        (opacity > 0 && !layer.bounds.is_empty()).then_some(layer)
    }

    /// A raster that is sampled bilinearly.
    pub(super) fn placed(
        raster: &'a Raster,
        placing: Placing,
        bounds: PixelRect,
        opacity: u8,
        blend: BlendMode,
    ) -> Self {
        let size = (raster.width, raster.height);
        let pixels = raster.pixels.as_chunks().0;
        Self::of_pixels(pixels, size, raster.opaque, &raster.rows, placing, bounds, opacity, blend)
    }

    /// Pixels that are no raster, with what is known of each row.
    pub(super) fn of_pixels(
        pixels: &'a [Pixel],
        (width, height): (usize, usize),
        opaque: bool,
        rows: &'a [Row],
        placing: Placing,
        bounds: PixelRect,
        opacity: u8,
        blend: BlendMode,
    ) -> Self {
        let bounds = match placing {
            Placing::Whole { x, y } => bounds.intersect(whole_rect(x, y, width, height)),
            Placing::Sampled(_) => bounds,
        };
        debug_assert_eq!(pixels.len(), width * height);
        Self {
            pixels,
            width,
            height,
            opaque,
            rows,
            uniform: uniform(pixels, &placing),
            placing,
            filter: Filter::Bilinear,
            bounds,
            opacity,
            blend,
        }
    }

    /// Whether nothing below it can be seen in `area`.
    pub(super) fn covers(&self, area: PixelRect) -> bool {
        self.opacity == 255
            && self.blend == BlendMode::Normal
            && self.bounds.contains(area)
            && match &self.placing {
                Placing::Whole { .. } if self.opaque => true,
                Placing::Whole { x, y } => cover::is_opaque(self.rows, *x, *y, area),
                Placing::Sampled(sampling) if self.opaque => sampling.covers(area),
                Placing::Sampled(sampling) => cover::samples_are_opaque(self.rows, sampling, self.filter, area),
            }
    }

    /// Draws what of it is in `area`, which is inside of `surface` and of one tile.
    pub(super) fn draw(&self, level: Level, area: PixelRect, surface: &mut Surface<'_>) {
        let area = area.intersect(self.bounds);
        if area.is_empty() {
            return;
        }
        match &self.placing {
            Placing::Whole { x, y } => {
                let rows = Rows { layer: self, x: *x, y: *y };
                match self.blend {
                    BlendMode::Normal if self.opaque && self.opacity == 255 => {
                        rows.each(area, surface, |below, source| below.copy_from_slice(source));
                    }
                    BlendMode::Normal => dispatch!(level, _ => {
                        rows.lay_over(level, area, surface);
                    }),
                    mode => {
                        let opacity = self.opacity;
                        rows.each(area, surface, |below, source| blend::row(level, mode, below, source, opacity));
                    }
                }
            }
            Placing::Sampled(sampling) => {
                dispatch!(level, _ => self.draw_sampled(level, sampling, area, surface));
            }
        }
    }
}

/// Rows of a raster that lies pixel on pixel.
struct Rows<'a> {
    layer: &'a Layer<'a>,
    x: i32,
    y: i32,
}

impl Rows<'_> {
    /// Lays the rows over what is there.
    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "the area is inside of the raster")]
    fn lay_over(&self, level: Level, area: PixelRect, surface: &mut Surface<'_>) {
        let Self { layer, x, y } = *self;
        let (left, right) = ((area.x0 - x) as usize, (area.x1 - x) as usize);
        for row in area.y0..area.y1 {
            let (start, end) = layer.rows[(row - y) as usize].seen;
            let start = (start as usize).clamp(left, right);
            let end = (end as usize).clamp(start, right);
            let first = (row - y) as usize * layer.width;
            fetch(layer.pixels, first + ROWS_AHEAD * layer.width + start, end - start);
            let below = &mut surface.row_mut(area.x0, area.x1, row)[start - left..end - left];
            over_row(level, below, &layer.pixels[first + start..first + end], layer.opacity);
        }
    }

    #[inline(always)]
    #[expect(clippy::cast_sign_loss, reason = "the area is inside of the raster")]
    fn each(&self, area: PixelRect, surface: &mut Surface<'_>, mut draw: impl FnMut(&mut [Pixel], &[Pixel])) {
        for y in area.y0..area.y1 {
            let row = (y - self.y) as usize * self.layer.width;
            let source = row + (area.x0 - self.x) as usize..row + (area.x1 - self.x) as usize;
            fetch(self.layer.pixels, source.start + ROWS_AHEAD * self.layer.width, source.len());
            draw(surface.row_mut(area.x0, area.x1, y), &self.layer.pixels[source]);
        }
    }
}

/// The colour of all pixels of a raster that is sampled, if it is one. Only few are looked at: what has one colour and is
/// large has few.
fn uniform(pixels: &[Pixel], placing: &Placing) -> Option<Pixel> {
    const FEW: usize = 4096;
    let first = *pixels.first()?;
    let is_looked_at = matches!(placing, Placing::Sampled(_)) && pixels.len() <= FEW;
    (is_looked_at && pixels.iter().all(|pixel| *pixel == first)).then_some(first)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "rasters have less than 2^31 pixels")]
fn whole_rect(x: i32, y: i32, width: usize, height: usize) -> PixelRect {
    PixelRect::new(x, y, x.saturating_add(width as i32), y.saturating_add(height as i32))
}

/// 0..=1 as a byte, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; not a number becomes 0")]
pub(super) fn opacity_byte(opacity: f32) -> u8 {
    (opacity.clamp(0.0, 1.0) * 255.0).round() as u8
}
