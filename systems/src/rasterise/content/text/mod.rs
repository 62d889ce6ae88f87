//! Text: `paragraphs` and their fonts, after `shaping` and `breaking` put into `lines`, which become a `layout` of glyphs;
//! what is here measures and paints it.

mod breaking;
pub(crate) mod faces;
mod fallback;
pub(crate) mod fonts;
mod glyphs;
mod large;
mod layout;
mod lines;
mod paragraphs;
mod shaping;
mod ticker;
mod work;

use components::{
    Effect, Effects, Paint,
    computed::Extent,
    content::{Overflow, TextContent},
};
use kurbo::{BezPath, Insets, Rect, Shape};
use tiny_skia::{Mask, Transform};

pub use self::fonts::Fonts;
pub(crate) use self::{
    fonts::SetText,
    work::{drawing_work, setting_work},
};
use self::{
    glyphs::{GlyphImage, GlyphPixels, Painted},
    layout::{Glyph, Rule, TextLayout},
};
use super::{DrawContext, Drawable, Measure, Scrolling, error_card, outline, paint, stroke, surface::Surface};
use crate::{quality::Quality, rasterise::effects};

/// Raster pixels of the largest glyph that is drawn as a whole and may be kept.
const LARGEST: f64 = 1024.0 * 1024.0;
/// Raster pixels that a glyph may reach out of its bounds by because it is brought onto whole ones.
const ROUNDED: f64 = 2.0;

impl Drawable for TextContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        let layout = ctx.fonts.layout(self);
        let extent = Extent { width: layout.width, height: layout.height };
        if ctx.fonts.broken_for(self).is_some() {
            return Measure { extent, ink: Rect::new(0.0, 0.0, extent.width, extent.height) };
        }
        let ink = match ticker::scrolling(self, &layout) {
            Some(scrolling) => scrolling.window,
            None => visible(self, &layout),
        };
        Measure { extent, ink }
    }

    fn scrolling(&self, ctx: &mut DrawContext<'_>) -> Option<Scrolling> {
        self.ticker?;
        if ctx.fonts.broken_for(self).is_some() {
            return None;
        }
        ticker::scrolling(self, &ctx.fonts.layout(self))
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let layout = ctx.fonts.layout(self);
        if let Some(words) = ctx.fonts.broken_for(self) {
            let words = words.to_owned();
            return error_card::draw_words(words, (layout.width, layout.height), scale, ctx.fonts);
        }
        if self.ticker.is_some() {
            return ticker::draw(self, &layout, scale, ctx.quality, ctx.fonts);
        }
        let seen = ctx.clipped(visible(self, &layout));
        let picture = draw_within(self, &layout, seen, (0.0, 0.0), scale, ctx.quality, ctx.fonts)?;
        if self.overflow == Overflow::Clip { picture.cropped(seen) } else { Some(picture) }
    }
}

/// Draws a text, its box at `origin`, as far as it is seen in `seen` or casts its shadow there; in layer pixels.
fn draw_within(
    content: &TextContent,
    layout: &TextLayout,
    seen: Rect,
    origin: (f64, f64),
    scale: (f64, f64),
    quality: Quality,
    fonts: &mut Fonts,
) -> Option<Surface> {
    if seen.is_zero_area() {
        return None;
    }
    let shadow: Effects = shadow(content);
    let reach = effects::reach(&shadow);
    let casting = Rect::new(seen.x0 - reach.x1, seen.y0 - reach.y1, seen.x1 + reach.x0, seen.y1 + reach.y0);
    let casting = casting.intersect(painted(content, layout) + kurbo::Vec2::new(origin.0, origin.1));
    if casting.is_zero_area() {
        return None;
    }
    // Baselines are moved onto whole raster pixels.
    let clips = content.overflow == Overflow::Clip && shadow.0.is_empty();
    let room = if clips { casting } else { casting.inflate(0.5 / scale.0, 0.5 / scale.1) };
    let scale = effects::affordable_scale(&shadow, room, scale, quality);
    let mut surface = Surface::covering(room, scale)?;
    draw_layout(&mut surface, content, layout, origin, fonts);
    Some(effects::apply(&shadow, surface, seen))
}

/// Draws a text onto a surface, its box at `origin` (layer pixels), without its shadow.
pub(super) fn draw_onto(surface: &mut Surface, content: &TextContent, origin: (f64, f64), fonts: &mut Fonts) {
    let layout = fonts.layout(content);
    draw_layout(surface, content, &layout, origin, fonts);
}

fn shadow(content: &TextContent) -> Effects {
    Effects(content.shadow.map(Effect::DropShadow).into_iter().collect())
}

/// What glyphs and their stroke paint.
fn painted(content: &TextContent, layout: &TextLayout) -> Rect {
    if layout.ink.is_zero_area() {
        return Rect::ZERO;
    }
    let reach = content.stroke.as_ref().map_or(0.0, stroke::reach);
    layout.ink + Insets::uniform(reach)
}

/// What is seen of glyphs, stroke and shadow.
fn visible(content: &TextContent, layout: &TextLayout) -> Rect {
    let painted = painted(content, layout);
    if painted.is_zero_area() {
        return Rect::ZERO;
    }
    let all = painted + effects::reach(&shadow(content));
    if content.overflow != Overflow::Clip {
        return all;
    }
    // Only a side that is given can be left.
    let width = content.width.map_or((f64::NEG_INFINITY, f64::INFINITY), |width| (0.0, width));
    let height = content.height.map_or((f64::NEG_INFINITY, f64::INFINITY), |height| (0.0, height));
    let seen = all.intersect(Rect::new(width.0, height.0, width.1, height.1));
    if seen.width() > 0.0 && seen.height() > 0.0 { seen } else { Rect::ZERO }
}

/// How many letters are shown.
fn revealed(content: &TextContent, layout: &TextLayout) -> u32 {
    match content.reveal_letters {
        Some(letters) => letters.floor() as u32,
        // A share such as 3/7 is not exact, and must still show the third letter.
        None => (content.reveal * f64::from(layout.letters) + 1e-6).floor() as u32,
    }
}

fn draw_layout(
    surface: &mut Surface,
    content: &TextContent,
    layout: &TextLayout,
    origin: (f64, f64),
    fonts: &mut Fonts,
) {
    let until = revealed(content, layout);
    let rules = whole_rules(layout.rules.iter().filter(|rule| rule.letter <= until));
    // Gradients span the text box, or the line of a ticker.
    let width = if content.ticker.is_some() { layout.text_width } else { layout.width };
    let area = Rect::new(origin.0, origin.1, origin.0 + width, origin.1 + layout.height);
    let place = Place { scale: surface.scale, corner: (f64::from(surface.left), f64::from(surface.top)), origin };
    let (columns, rows) = (surface.pixmap.width(), surface.pixmap.height());
    let reach = content.stroke.as_ref().map_or(0.0, stroke::reach);
    let shown = layout.glyphs.iter().filter(|glyph| glyph.letter <= until);
    let glyphs: Vec<Placed<'_>> =
        shown.filter_map(|glyph| place.placed(glyph, (columns, rows), reach, fonts)).collect();

    if let Some(stroke) = &content.stroke
        && let Some(mut coverage) = Mask::new(columns, rows)
    {
        for Placed { glyph, at, .. } in &glyphs {
            let Some(outline) = fonts.glyphs.outline(&mut fonts.system, glyph) else { continue };
            if let Some(line) = stroke::stroked(&outline, stroke, place.scale) {
                paint::cover(&mut coverage, line, place.transform(*at));
            }
        }
        for rule in &rules {
            if let Some(line) = stroke::stroked(&rule_outline(rule), stroke, place.scale) {
                paint::cover(&mut coverage, line, place.transform(place.of_rule(rule)));
            }
        }
        let share = stroke::share(stroke, place.scale) as f32;
        paint::fill_mask(surface, &coverage, &stroke.paint, area, share);
    }

    // What has no fill of its own has that of the text.
    let own = |style: usize| style.checked_sub(1).and_then(|span| content.spans.get(span)?.fill.as_ref());
    let number = |style: usize| if own(style).is_some() { style } else { 0 };
    let mut paints: Vec<usize> = glyphs.iter().map(|placed| number(placed.glyph.style)).collect();
    paints.extend(rules.iter().map(|rule| number(rule.style)));
    paints.sort_unstable();
    paints.dedup();
    for paint in paints {
        let Some(mut coverage) = Mask::new(columns, rows) else { return };
        let covering = |placed: &&Placed<'_>| !placed.is_colored && number(placed.glyph.style) == paint;
        for placed in glyphs.iter().filter(covering) {
            if placed.is_large {
                large::cover(&mut coverage, placed, &place, fonts);
            } else if let Some(image) =
                fonts.glyphs.image(&mut fonts.system, placed.glyph, place.scale, placed.fraction())
            {
                add_coverage(coverage.data_mut(), (columns as usize, rows as usize), placed.corner(&image), &image);
            }
        }
        for rule in rules.iter().filter(|rule| number(rule.style) == paint) {
            // Whole rows of pixels, so that thin lines stay sharp.
            let thickness = (rule.thickness * place.scale.1).round().max(1.0) / place.scale.1;
            let snapped = Rule { thickness, ..*rule };
            if let Some(line) = outline::to_skia(&rule_outline(&snapped)) {
                paint::cover(&mut coverage, line, place.transform(place.of_rule(&snapped)));
            }
        }
        let fill: &Paint = own(paint).unwrap_or(&content.fill);
        paint::fill_mask(surface, &coverage, fill, area, 1.0);
    }
    let mut colored: Vec<&Placed<'_>> = glyphs.iter().filter(|placed| placed.is_colored).collect();
    colored.sort_by_key(|placed| number(placed.glyph.style));
    for placed in colored {
        if placed.is_large {
            large::lay(surface, placed, &place, fonts);
        } else if let Some(image) = fonts.glyphs.image(&mut fonts.system, placed.glyph, place.scale, placed.fraction())
        {
            add_picture(surface.pixmap.data_mut(), (columns as usize, rows as usize), placed.corner(&image), &image);
        }
    }
}

/// A glyph that may be seen on a surface.
struct Placed<'a> {
    glyph: &'a Glyph,
    /// The pixel of the surface on which its origin lies.
    at: (f64, f64),
    is_colored: bool,
    /// Whether its pixels are too many to draw them all.
    is_large: bool,
}

impl Placed<'_> {
    /// How far its origin lies from the corner of a pixel.
    fn fraction(&self) -> (f32, f32) {
        ((self.at.0 - self.at.0.floor()) as f32, (self.at.1 - self.at.1.floor()) as f32)
    }

    /// The pixel in which its origin lies.
    fn pixel(&self) -> (i32, i32) {
        (self.at.0.floor() as i32, self.at.1.floor() as i32)
    }

    /// Where the corner of its picture lies.
    fn corner(&self, image: &GlyphImage) -> (i32, i32) {
        let (x, y) = self.pixel();
        (image.left.saturating_add(x), image.top.saturating_add(y))
    }
}

/// Where a text lies on a surface.
struct Place {
    scale: (f64, f64),
    /// The surface's first pixel among all raster pixels.
    corner: (f64, f64),
    /// The text box, in layer pixels.
    origin: (f64, f64),
}

impl Place {
    /// The pixel of the surface on which a point of a line lies. A baseline on whole pixels keeps the feet of letters
    /// sharp.
    fn of(&self, x: f64, baseline: f64, below: f64) -> (f64, f64) {
        let baseline = ((self.origin.1 + baseline) * self.scale.1).round() - self.corner.1;
        ((self.origin.0 + x) * self.scale.0 - self.corner.0, baseline + below * self.scale.1)
    }

    /// A glyph on a surface of this size; `None` if nothing of it is seen there, nor of a stroke that reaches so far from
    /// it, in layer pixels.
    fn placed<'a>(&self, glyph: &'a Glyph, size: (u32, u32), reach: f64, fonts: &mut Fonts) -> Option<Placed<'a>> {
        let Painted { bounds, is_colored } = fonts.glyphs.painted(&mut fonts.system, glyph)?;
        let at = self.of(glyph.x, glyph.baseline, glyph.shift);
        let Rect { x0, y0, x1, y1 } = bounds;
        let (across, down) = self.scale;
        let pixels = Rect::new(x0 * across, y0 * down, x1 * across, y1 * down) + kurbo::Vec2::from(at);
        let reached = pixels.inflate(reach * self.scale.0 + ROUNDED, reach * self.scale.1 + ROUNDED);
        let whole = Rect::new(0.0, 0.0, size.0.into(), size.1.into());
        let is_large = pixels.area() > LARGEST;
        reached.overlaps(whole).then_some(Placed { glyph, at, is_colored, is_large })
    }

    /// The upper left corner, on a whole row.
    fn of_rule(&self, rule: &Rule) -> (f64, f64) {
        let (x, y) = self.of(rule.x0, rule.baseline, rule.top);
        (x, y.round())
    }

    /// From layer pixels about a point to pixels of the surface, where the point lies at `at`.
    fn transform(&self, at: (f64, f64)) -> Transform {
        Transform::from_row(self.scale.0 as f32, 0.0, 0.0, self.scale.1 as f32, at.0 as f32, at.1 as f32)
    }
}

/// The rules with those made one that touch: two edges within a pixel would show.
fn whole_rules<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<Rule> {
    let mut whole: Vec<Rule> = Vec::new();
    for rule in rules {
        let touches = |other: &&mut Rule| {
            other.style == rule.style
                && (other.baseline - rule.baseline).abs() < 1e-6
                && (other.top - rule.top).abs() < 1e-6
                && rule.x0 <= other.x1 + 0.01
                && rule.x1 >= other.x0 - 0.01
        };
        match whole.iter_mut().rev().take(2).find(touches) {
            Some(other) => (other.x0, other.x1) = (other.x0.min(rule.x0), other.x1.max(rule.x1)),
            None => whole.push(*rule),
        }
    }
    whole
}

/// A rule about its upper left corner.
fn rule_outline(rule: &Rule) -> BezPath {
    Rect::new(0.0, 0.0, rule.x1 - rule.x0, rule.thickness).to_path(0.1)
}

/// Calls `draw` with the parts of each row of the image, its corner `at` a pixel of the surface, that lie within the
/// surface: the first pixel's index in the surface and in the image, and how many pixels there are.
fn rows(size: (usize, usize), at: (i32, i32), image: &GlyphImage, mut draw: impl FnMut(usize, usize, usize)) {
    let clip = |start: i32, length: usize, room: usize| {
        let skipped = start.min(0).unsigned_abs() as usize;
        let first = start.max(0) as usize;
        (first, skipped, length.saturating_sub(skipped).min(room.saturating_sub(first)))
    };
    let (x, skipped_x, columns) = clip(at.0, image.width, size.0);
    let (y, skipped_y, lines) = clip(at.1, image.height, size.1);
    if columns == 0 {
        return;
    }
    for line in 0..lines {
        draw((y + line) * size.0 + x, (skipped_y + line) * image.width + skipped_x, columns);
    }
}

/// Where glyphs overlap, they cover as one.
fn add_coverage(coverage: &mut [u8], size: (usize, usize), at: (i32, i32), image: &GlyphImage) {
    let GlyphPixels::Coverage(glyph) = &image.pixels else { return };
    rows(size, at, image, |to, from, count| {
        for (target, source) in coverage[to..to + count].iter_mut().zip(&glyph[from..from + count]) {
            let both = u32::from(*target) * u32::from(*source) + 128;
            *target = (u32::from(*target) + u32::from(*source) - ((both + (both >> 8)) >> 8)) as u8;
        }
    });
}

/// Source-over.
fn add_picture(pixels: &mut [u8], size: (usize, usize), at: (i32, i32), image: &GlyphImage) {
    let GlyphPixels::Color(glyph) = &image.pixels else { return };
    rows(size, at, image, |to, from, count| {
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
