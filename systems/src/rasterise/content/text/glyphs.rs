//! The shapes of glyphs.

use std::{collections::HashMap, sync::Arc};

use cosmic_text::{
    FontSystem,
    fontdb::{ID, Weight},
};
use kurbo::{BezPath, Point, Rect};
use swash::{
    NormalizedCoord,
    scale::{Render, ScaleContext, Source, StrikeWith, image::Content},
    tag_from_bytes,
    zeno::{Angle, Command, Format, PathData, Transform, Vector},
};

use super::layout::Glyph;
use crate::{
    caches::CacheCounts,
    resize::{FilterType, ResizeSource, resize_rgba},
};

/// Size of the em at which outlines are measured.
const MEASURED: f32 = 1000.0;
/// How far an upright glyph is slanted where a font has no italics.
const SLANT: f32 = 14.0;
/// What a glyph without outline, a picture, may cover of the em around its origin; y is down.
const PICTURE: Rect = Rect::new(-0.15, -1.15, 1.5, 0.4);

/// A glyph that reaches further from its origin than this, in ems, comes from a damaged file and is not drawn: it would
/// take more memory than the frame.
const FARTHEST: f64 = 24.0;
/// Bytes of pixels of glyphs that are kept for certain; twice as many at the most.
const KEPT_BYTES: usize = 4 << 20;
/// Bytes that a kept glyph takes besides its pixels, roughly.
const ENTRY_BYTES: usize = 160;

/// Draws and measures glyphs.
#[derive(Default)]
pub(super) struct GlyphCache {
    context: ScaleContext,
    /// Bounds in ems, y down; `None` for blanks.
    bounds: HashMap<(ID, Weight, u16, bool), Option<Rect>>,
    /// Glyphs as they were drawn since `older` was filled …
    recent: HashMap<ImageKey, Option<Arc<GlyphImage>>>,
    /// … the bytes of those …
    recent_bytes: usize,
    /// … and those that were drawn before and not asked for since.
    older: HashMap<ImageKey, Option<Arc<GlyphImage>>>,
    /// How often bounds or pixels were asked for.
    pub(super) counts: CacheCounts,
}

/// All that the pixels of a glyph follow from, bit by bit: a glyph that was drawn before is the very same as one that is
/// drawn now.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ImageKey {
    font: ID,
    weight: Weight,
    id: u16,
    slanted: bool,
    /// Size of the em, scales and fractions.
    numbers: [u64; 4],
    size: u32,
}

/// The pixels of a glyph.
pub(super) struct GlyphImage {
    /// The first column, counted from the pixel in which the glyph's origin lies.
    pub(super) left: i32,
    /// The first row, counted from there too, downwards.
    pub(super) top: i32,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: GlyphPixels,
}

pub(super) enum GlyphPixels {
    /// One byte a pixel.
    Coverage(Vec<u8>),
    /// Premultiplied RGBA8.
    Color(Vec<u8>),
}

impl GlyphPixels {
    fn len(&self) -> usize {
        match self {
            Self::Coverage(bytes) | Self::Color(bytes) => bytes.len(),
        }
    }
}

impl GlyphCache {
    /// What a glyph paints, in layer pixels; `None` for blanks.
    pub(super) fn bounds(&mut self, system: &mut FontSystem, glyph: &Glyph) -> Option<Rect> {
        let key = (glyph.font, glyph.weight, glyph.id, glyph.slanted);
        let context = &mut self.context;
        let em = match self.bounds.get(&key) {
            Some(known) => {
                self.counts.count(true);
                *known
            }
            None => {
                self.counts.count(false);
                let measured = measure(context, system, glyph);
                self.bounds.insert(key, measured);
                measured
            }
        }?;
        let size = f64::from(glyph.size);
        let area = Rect::new(em.x0 * size, em.y0 * size, em.x1 * size, em.y1 * size);
        Some(area + kurbo::Vec2::new(glyph.x, glyph.baseline + glyph.shift))
    }

    /// A glyph at `scale` raster pixels per layer pixel, its origin `fraction` of a pixel right of and below the corner
    /// of a pixel.
    pub(super) fn image(
        &mut self,
        system: &mut FontSystem,
        glyph: &Glyph,
        scale: (f64, f64),
        fraction: (f32, f32),
    ) -> Option<Arc<GlyphImage>> {
        let Glyph { font, weight, id, slanted, size, .. } = *glyph;
        let numbers = [scale.0, scale.1, f64::from(fraction.0), f64::from(fraction.1)].map(f64::to_bits);
        let key = ImageKey { font, weight, id, slanted, numbers, size: size.to_bits() };
        if let Some(known) = self.recent.get(&key) {
            self.counts.count(true);
            return known.clone();
        }
        let image = match self.older.remove(&key) {
            Some(known) => {
                self.counts.count(true);
                known
            }
            None => {
                self.counts.count(false);
                self.draw(system, glyph, scale, fraction).map(Arc::new)
            }
        };
        let bytes = image.as_ref().map_or(0, |image| image.pixels.len()) + ENTRY_BYTES;
        if self.recent_bytes + bytes > KEPT_BYTES {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
        // One that is larger than all that may be kept would only push out the others.
        if bytes <= KEPT_BYTES {
            self.recent_bytes += bytes;
            self.recent.insert(key, image.clone());
        }
        image
    }

    fn draw(
        &mut self,
        system: &mut FontSystem,
        glyph: &Glyph,
        scale: (f64, f64),
        fraction: (f32, f32),
    ) -> Option<GlyphImage> {
        let font = system.get_font(glyph.font, glyph.weight)?;
        let font = font.as_swash();
        let larger = scale.0.max(scale.1);
        let size = (f64::from(glyph.size) * larger) as f32;
        let squeeze = ((scale.0 / larger) as f32, (scale.1 / larger) as f32);
        let coords = coordinates(font, glyph.weight);
        let builder = self.context.builder(font).hint(false).normalized_coords(&coords);

        let slant = if glyph.slanted { SLANT } else { 0.0 };
        let transform =
            Transform::skew(Angle::from_degrees(slant), Angle::from_degrees(0.0)).then_scale(squeeze.0, squeeze.1);
        let mut scaler = builder.size(size).build();
        let outline = Render::new(&[Source::ColorOutline(0), Source::Outline])
            .format(Format::Alpha)
            .transform(Some(transform))
            // Upwards in fonts.
            .offset(Vector::new(fraction.0, -fraction.1))
            .render(&mut scaler, glyph.id);
        let has_pictures = font.color_strikes().next().is_some();
        match outline {
            Some(image) if image.placement.width > 0 && image.placement.height > 0 => {
                let pixels = match image.content {
                    Content::Color => GlyphPixels::Color(premultiplied(image.data)),
                    Content::Mask | Content::SubpixelMask => GlyphPixels::Coverage(image.data),
                };
                Some(GlyphImage {
                    left: image.placement.left,
                    top: -image.placement.top,
                    width: image.placement.width as usize,
                    height: image.placement.height as usize,
                    pixels,
                })
            }
            _ if has_pictures => self.draw_picture(
                font,
                glyph.id,
                (f64::from(size) * f64::from(squeeze.0), f64::from(size) * f64::from(squeeze.1)),
                fraction,
            ),
            _ => None,
        }
    }

    /// The outline of a glyph in layer pixels about its origin; `None` for blanks and for glyphs with colours of their
    /// own.
    pub(super) fn outline(&mut self, system: &mut FontSystem, glyph: &Glyph) -> Option<BezPath> {
        let font = system.get_font(glyph.font, glyph.weight)?;
        let font = font.as_swash();
        let coords = coordinates(font, glyph.weight);
        let mut scaler = self.context.builder(font).hint(false).normalized_coords(&coords).size(glyph.size).build();
        if scaler.scale_color_outline(glyph.id).is_some() {
            return None;
        }
        let mut outline = scaler.scale_outline(glyph.id)?;
        if glyph.slanted {
            outline.transform(&Transform::skew(Angle::from_degrees(SLANT), Angle::from_degrees(0.0)));
        }
        // Upwards in fonts.
        let point = |p: Vector| Point::new(f64::from(p.x), -f64::from(p.y));
        let mut path = BezPath::new();
        for command in outline.path().commands() {
            match command {
                Command::MoveTo(p) => path.move_to(point(p)),
                Command::LineTo(p) => path.line_to(point(p)),
                Command::QuadTo(a, p) => path.quad_to(point(a), point(p)),
                Command::CurveTo(a, b, p) => path.curve_to(point(a), point(b), point(p)),
                Command::Close => path.close_path(),
            }
        }
        (!path.is_empty()).then_some(path)
    }

    /// Draws a glyph that the font has as a picture; `size` is that of the em in raster pixels.
    fn draw_picture(
        &mut self,
        font: swash::FontRef<'_>,
        id: u16,
        size: (f64, f64),
        fraction: (f32, f32),
    ) -> Option<GlyphImage> {
        let em = font.color_strikes().map(|strike| strike.ppem()).max().filter(|ppem| *ppem > 0)?;
        // Size 0 is as the font has it: it is resampled here, premultiplied, so that edges get no dark rim.
        let mut scaler = self.context.builder(font).size(0.0).build();
        let picture = scaler.scale_color_bitmap(id, StrikeWith::LargestSize)?;
        let placement = picture.placement;
        if picture.content != Content::Color || placement.width == 0 || placement.height == 0 {
            return None;
        }
        let scale = (size.0 / f64::from(em), size.1 / f64::from(em));
        let left = (f64::from(placement.left) * scale.0 + f64::from(fraction.0)).round();
        let top = (-f64::from(placement.top) * scale.1 + f64::from(fraction.1)).round();
        let width = (f64::from(placement.width) * scale.0).round().max(1.0) as u32;
        let height = (f64::from(placement.height) * scale.1).round().max(1.0) as u32;

        let data = premultiplied(picture.data);
        let from = ResizeSource { width: placement.width, height: placement.height, data: &data, crop: None };
        let mut pixels = resize_rgba(from, (width, height), FilterType::Lanczos3).ok()?;
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3];
            pixel[..3].iter_mut().for_each(|color| *color = (*color).min(alpha));
        }
        Some(GlyphImage {
            left: left as i32,
            top: top as i32,
            width: width as usize,
            height: height as usize,
            pixels: GlyphPixels::Color(pixels),
        })
    }
}

fn measure(context: &mut ScaleContext, system: &mut FontSystem, glyph: &Glyph) -> Option<Rect> {
    let font = system.get_font(glyph.font, glyph.weight)?;
    let font = font.as_swash();
    let coords = coordinates(font, glyph.weight);
    let mut scaler = context.builder(font).hint(false).normalized_coords(&coords).size(MEASURED).build();
    let outline = scaler.scale_color_outline(glyph.id).or_else(|| scaler.scale_outline(glyph.id));
    if let Some(mut outline) = outline.filter(|outline| !outline.points().is_empty()) {
        if glyph.slanted {
            outline.transform(&Transform::skew(Angle::from_degrees(SLANT), Angle::from_degrees(0.0)));
        }
        let bounds = outline.bounds();
        let em = f64::from(MEASURED);
        let sides = [bounds.min.x, bounds.max.x, bounds.min.y, bounds.max.y].map(|v| f64::from(v) / em);
        let [x0, x1, low, high] = sides;
        return sides.iter().all(|side| side.abs() <= FARTHEST).then(|| Rect::new(x0, -high, x1, -low));
    }
    // At size 0 the picture is only decoded, not enlarged to the size that outlines are measured at.
    let mut scaler = context.builder(font).size(0.0).build();
    let picture = scaler.scale_color_bitmap(glyph.id, StrikeWith::LargestSize);
    picture.map(|_| PICTURE)
}

/// Where on a variable font's axis of weights a glyph is drawn.
fn coordinates(font: swash::FontRef<'_>, weight: Weight) -> Vec<NormalizedCoord> {
    font.variations().normalized_coords([(tag_from_bytes(b"wght"), f32::from(weight.0))]).collect()
}

fn premultiplied(mut pixels: Vec<u8>) -> Vec<u8> {
    for pixel in pixels.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for color in &mut pixel[..3] {
            let product = u32::from(*color) * alpha + 128;
            *color = ((product + (product >> 8)) >> 8) as u8;
        }
    }
    pixels
}
