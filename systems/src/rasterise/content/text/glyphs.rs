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
/// What has no colour in a font's palette: what swash takes for it.
const NO_COLOR: [u8; 4] = [128, 128, 128, 255];
/// Bytes of pixels of glyphs that are kept for certain; twice as many at the most.
const KEPT_BYTES: usize = 4 << 20;
/// Bytes that a kept glyph takes besides its pixels, roughly.
const ENTRY_BYTES: usize = 160;

/// Draws and measures glyphs.
#[derive(Default)]
pub(super) struct GlyphCache {
    context: ScaleContext,
    /// What glyphs are; `None` for blanks.
    measured: HashMap<(ID, Weight, u16, bool), Option<Measured>>,
    /// Glyphs as they were drawn since `older` was filled …
    recent: HashMap<ImageKey, Option<Arc<GlyphImage>>>,
    /// … the bytes of those …
    recent_bytes: usize,
    /// … and those that were drawn before and not asked for since.
    older: HashMap<ImageKey, Option<Arc<GlyphImage>>>,
    /// How often bounds or pixels were asked for.
    pub(super) counts: CacheCounts,
}

#[derive(Clone, Copy)]
struct Measured {
    /// In ems, y down.
    bounds: Rect,
    is_colored: bool,
}

/// What a glyph paints about its origin, in layer pixels.
#[derive(Clone, Copy)]
pub(super) struct Painted {
    pub(super) bounds: Rect,
    /// Whether it has colours of its own: a picture, or outlines of several colours.
    pub(super) is_colored: bool,
}

/// A part of a glyph's pixels, counted from that in which its origin lies: from `left` and `top` up to, not including,
/// `right` and `bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
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

impl Window {
    fn intersect(self, other: Self) -> Option<Self> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let (right, bottom) = (self.right.min(other.right), self.bottom.min(other.bottom));
        (left < right && top < bottom).then_some(Self { left, top, right, bottom })
    }
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
        let is_known = self.measured.contains_key(&Self::key(glyph));
        self.counts.count(is_known);
        let place = kurbo::Vec2::new(glyph.x, glyph.baseline + glyph.shift);
        self.painted(system, glyph).map(|painted| painted.bounds + place)
    }

    /// What a glyph is; `None` for blanks.
    pub(super) fn painted(&mut self, system: &mut FontSystem, glyph: &Glyph) -> Option<Painted> {
        let Self { context, measured, .. } = self;
        let Measured { bounds, is_colored } =
            (*measured.entry(Self::key(glyph)).or_insert_with(|| measure(context, system, glyph)))?;
        Some(Painted { bounds: bounds.scale_from_origin(f64::from(glyph.size)), is_colored })
    }

    fn key(glyph: &Glyph) -> (ID, Weight, u16, bool) {
        (glyph.font, glyph.weight, glyph.id, glyph.slanted)
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
                None,
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
            outline.transform(&slant());
        }
        let path = bez_path(outline.path());
        (!path.is_empty()).then_some(path)
    }

    /// The outlines of a glyph that has them in several colours, in layer pixels about its origin, from the back to the
    /// front; each with its colour, straight RGBA. Empty if it is none.
    pub(super) fn colored_outlines(&mut self, system: &mut FontSystem, glyph: &Glyph) -> Vec<(BezPath, [u8; 4])> {
        let Some(font) = system.get_font(glyph.font, glyph.weight) else { return Vec::new() };
        let font = font.as_swash();
        let coords = coordinates(font, glyph.weight);
        let mut scaler = self.context.builder(font).hint(false).normalized_coords(&coords).size(glyph.size).build();
        let Some(mut outline) = scaler.scale_color_outline(glyph.id) else { return Vec::new() };
        if glyph.slanted {
            outline.transform(&slant());
        }
        let palette = font.color_palettes().next();
        let color = |index| palette.as_ref().map(|palette| palette.get(index));
        (0..outline.len())
            .filter_map(|index| outline.get(index))
            .map(|layer| (bez_path(layer.path()), layer.color_index().and_then(color).unwrap_or(NO_COLOR)))
            .collect()
    }

    /// The pixels within `window` of a glyph that the font has as a picture; see [`Self::image`].
    pub(super) fn picture_within(
        &mut self,
        system: &mut FontSystem,
        glyph: &Glyph,
        scale: (f64, f64),
        fraction: (f32, f32),
        window: Window,
    ) -> Option<GlyphImage> {
        let font = system.get_font(glyph.font, glyph.weight)?;
        let size = f64::from(glyph.size);
        self.draw_picture(font.as_swash(), glyph.id, (size * scale.0, size * scale.1), fraction, Some(window))
    }

    /// Draws a glyph that the font has as a picture; `size` is that of the em in raster pixels.
    fn draw_picture(
        &mut self,
        font: swash::FontRef<'_>,
        id: u16,
        size: (f64, f64),
        fraction: (f32, f32),
        window: Option<Window>,
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
        let left = (f64::from(placement.left) * scale.0 + f64::from(fraction.0)).round() as i32;
        let top = (-f64::from(placement.top) * scale.1 + f64::from(fraction.1)).round() as i32;
        let width = (f64::from(placement.width) * scale.0).round().max(1.0) as i32;
        let height = (f64::from(placement.height) * scale.1).round().max(1.0) as i32;
        let whole = Window { left, top, right: left.checked_add(width)?, bottom: top.checked_add(height)? };
        // Further off only damaged files have anything.
        let near = || Window {
            left: (-2.0 * size.0) as i32,
            top: (-2.0 * size.1) as i32,
            right: (3.0 * size.0) as i32,
            bottom: (2.0 * size.1) as i32,
        };
        let seen = whole.intersect(window.unwrap_or_else(near))?;
        let crop = (seen != whole).then(|| {
            let (wide, high) = (f64::from(placement.width), f64::from(placement.height));
            let x = |at: i32| f64::from(at - left) / f64::from(width) * wide;
            let y = |at: i32| f64::from(at - top) / f64::from(height) * high;
            let crop = Rect::new(x(seen.left), y(seen.top), x(seen.right), y(seen.bottom));
            crop.intersect(Rect::new(0.0, 0.0, wide, high))
        });

        let data = premultiplied(picture.data);
        let from = ResizeSource { width: placement.width, height: placement.height, data: &data, crop };
        let (width, height) = ((seen.right - seen.left) as u32, (seen.bottom - seen.top) as u32);
        let mut pixels = resize_rgba(from, (width, height), FilterType::Lanczos3).ok()?;
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3];
            pixel[..3].iter_mut().for_each(|color| *color = (*color).min(alpha));
        }
        Some(GlyphImage {
            left: seen.left,
            top: seen.top,
            width: width as usize,
            height: height as usize,
            pixels: GlyphPixels::Color(pixels),
        })
    }
}

fn measure(context: &mut ScaleContext, system: &mut FontSystem, glyph: &Glyph) -> Option<Measured> {
    let font = system.get_font(glyph.font, glyph.weight)?;
    let font = font.as_swash();
    let coords = coordinates(font, glyph.weight);
    let mut scaler = context.builder(font).hint(false).normalized_coords(&coords).size(MEASURED).build();
    let colored = scaler.scale_color_outline(glyph.id);
    let is_colored = colored.is_some();
    let outline = colored.or_else(|| scaler.scale_outline(glyph.id));
    if let Some(mut outline) = outline.filter(|outline| !outline.points().is_empty()) {
        if glyph.slanted {
            outline.transform(&slant());
        }
        let bounds = outline.bounds();
        let em = f64::from(MEASURED);
        let sides = [bounds.min.x, bounds.max.x, bounds.min.y, bounds.max.y].map(|v| f64::from(v) / em);
        let [x0, x1, low, high] = sides;
        let bounds = Rect::new(x0, -high, x1, -low);
        return sides.iter().all(|side| side.abs() <= FARTHEST).then_some(Measured { bounds, is_colored });
    }
    // At size 0 the picture is only decoded, not enlarged to the size that outlines are measured at.
    let mut scaler = context.builder(font).size(0.0).build();
    let picture = scaler.scale_color_bitmap(glyph.id, StrikeWith::LargestSize);
    picture.map(|_| Measured { bounds: PICTURE, is_colored: true })
}

fn slant() -> Transform {
    Transform::skew(Angle::from_degrees(SLANT), Angle::from_degrees(0.0))
}

fn bez_path(outline: impl PathData) -> BezPath {
    // Upwards in fonts.
    let point = |p: Vector| Point::new(f64::from(p.x), -f64::from(p.y));
    let mut path = BezPath::new();
    for command in outline.commands() {
        match command {
            Command::MoveTo(p) => path.move_to(point(p)),
            Command::LineTo(p) => path.line_to(point(p)),
            Command::QuadTo(a, p) => path.quad_to(point(a), point(p)),
            Command::CurveTo(a, b, p) => path.curve_to(point(a), point(b), point(p)),
            Command::Close => path.close_path(),
        }
    }
    path
}

/// Where on a variable font's axis of weights a glyph is drawn.
pub(super) fn coordinates(font: swash::FontRef<'_>, weight: Weight) -> Vec<NormalizedCoord> {
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
