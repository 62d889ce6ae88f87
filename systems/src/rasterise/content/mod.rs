//! Draws one content into the pixels of its layer, on change only; one file a content type.
//!
//! To add one: a file here that implements `Drawable`, and its line in `drawable`.

mod animated_image;
mod color;
pub(crate) mod error_card;
mod framing;
mod gradient;
mod group;
mod image;
pub(crate) mod outline;
pub(crate) mod paint;
mod shape;
mod stroke;
pub(crate) mod surface;
mod svg;
pub mod text;

use components::{Content, Effects, Mask, Size, computed::Extent};
use kurbo::Rect;

use self::{surface::Surface, text::Fonts};
use super::{effects, mask, pixmap::Raster};
use crate::{assets::Assets, quality::Quality};

/// What measuring and drawing need besides the content.
#[derive(Debug)]
pub struct DrawContext<'a> {
    /// The pictures that contents name.
    pub assets: &'a Assets,
    /// The fonts that text is set in. Mutable, for glyphs and lines are cached.
    pub fonts: &'a mut Fonts,
    /// Size of the canvas in canvas pixels, which percentages refer to.
    pub canvas: (f64, f64),
    /// How precisely effects are drawn.
    pub quality: Quality,
    /// Seconds since the scene began, by which contents that move by themselves choose what they show.
    pub seconds: f64,
    /// What of the layer is drawn, in layer pixels, where it is much larger than what is seen of it; all if `None`. Whoever
    /// draws may go past it.
    pub part: Option<Rect>,
}

impl DrawContext<'_> {
    /// What of an area is drawn; both in layer pixels.
    pub(crate) fn clipped(&self, area: Rect) -> Rect {
        self.part.map_or(area, |part| area.intersect(part))
    }
}

/// How large a content is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// The layer's box.
    pub extent: Extent,
    /// All that may be painted, without effects and mask, in layer pixels. A raster may go past it by less than one
    /// of its own pixels.
    pub ink: Rect,
}

/// How a content moves within its box by itself: what is drawn is `period` wider than the box, and a part of it that is
/// as wide as the box is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scrolling {
    /// Where it is seen, in layer pixels.
    pub window: Rect,
    /// After so many layer pixels it is where it was.
    pub period: f64,
    /// Layer pixels to the left per second of scene time.
    pub speed: f64,
    /// Layer pixels to the left when the scene begins.
    pub offset: f64,
}

impl Scrolling {
    /// How far to the left it stands `seconds` after the scene began, in layer pixels: from 0 to `period`.
    #[must_use]
    pub fn at(&self, seconds: f64) -> f64 {
        let at = (self.offset + self.speed * seconds).rem_euclid(self.period);
        // Rounding may give the period itself.
        if at < self.period { at } else { 0.0 }
    }
}

/// A content that can be drawn.
trait Drawable {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure;

    /// How it moves within its box, if it does.
    fn scrolling(&self, _: &mut DrawContext<'_>) -> Option<Scrolling> {
        None
    }

    /// Draws at `scale` raster pixels per layer pixel. `None` where there is nothing to draw.
    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface>;
}

fn drawable(content: &Content) -> &dyn Drawable {
    match content {
        Content::Color(content) => content,
        Content::Gradient(content) => content,
        Content::Image(content) => content,
        Content::AnimatedImage(content) => content,
        Content::Svg(content) => content,
        Content::Shape(content) => content,
        Content::Text(content) => content,
        Content::Group(content) => content,
    }
}

/// Box and ink of a content, in layer pixels.
pub fn measure(content: &Content, ctx: &mut DrawContext<'_>) -> Measure {
    drawable(content).measure(ctx)
}

/// How a content moves within its box by itself, if it does.
pub fn scrolling(content: &Content, ctx: &mut DrawContext<'_>) -> Option<Scrolling> {
    drawable(content).scrolling(ctx)
}

/// Draws a content at `scale` raster pixels per layer pixel, horizontally and vertically.
///
/// `None` where there is nothing to draw: an empty text, a picture that is still loading, a size of zero, a scale that
/// is not above zero. Where the picture would be too large to hold it is drawn at a lower scale, as `to_layer` says.
pub fn draw(content: &Content, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Raster> {
    draw_layer(content, &Effects::default(), None, scale, ctx)
}

/// Draws a content, then the effects in their order, then takes away what the mask does not show; a card in the place of
/// a picture stays as it is. Otherwise as [`draw`].
pub fn draw_layer(
    content: &Content,
    effects: &Effects,
    mask: Option<&Mask>,
    scale: (f64, f64),
    ctx: &mut DrawContext<'_>,
) -> Option<Raster> {
    if !(scale.0 > 0.0 && scale.1 > 0.0 && scale.0.is_finite() && scale.1.is_finite()) {
        return None;
    }
    let drawable = drawable(content);
    let measured = if effects.0.is_empty() { Measure::default() } else { drawable.measure(ctx) };
    let part = ctx.part;
    ctx.part = part.map(|part| part + effects::needs(effects));
    let scale = effects::affordable_scale(effects, ctx.clipped(measured.ink), scale, ctx.quality);
    let frame = Rect::new(0.0, 0.0, measured.extent.width, measured.extent.height);
    let content = drawable.draw(scale, ctx);
    ctx.part = part;
    let content = content?;
    if content.is_card {
        // What is said in the place of a picture is to be read, whatever would be done to the picture.
        return Some(content.into_raster());
    }
    let mut picture = effects::apply(effects, content, frame);
    if let Some(part) = part
        && !effects.0.is_empty()
    {
        picture = picture.cropped(part)?;
    }
    let picture = match mask {
        Some(mask) => mask::apply(mask, picture),
        None => picture,
    };
    // Effects and masks draw edges of their own, as fine as the pixels.
    let is_plain = effects.0.is_empty() && mask.is_none();
    let enlarged = if is_plain { picture.enlarged } else { (1.0, 1.0) };
    Some(Surface { enlarged, ..picture }.into_raster())
}

/// The size of a box in pixels; that of the canvas if it has none of its own.
fn box_size(size: Option<Size>, canvas: (f64, f64)) -> (f64, f64) {
    size.map_or(canvas, |size| size.resolve(canvas))
}
