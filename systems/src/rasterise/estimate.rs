//! How long a picture will take to be drawn, told before it is.

use std::time::Duration;

use components::{Content, Effects, Mask, content::Geometry, mask::MaskShape};
use kurbo::Rect;

use super::{
    Patience, RasterCache,
    composite::Step,
    content::text::{Fonts, drawing_work, setting_work},
    effects,
    picture::Recipe,
};
use crate::{
    assets::{AssetState, Assets},
    quality::Quality,
};

/// Nanoseconds that a pixel is guessed to take.
const PIXEL: f64 = 5.0;
/// Nanoseconds that a pixel of a mask is guessed to take.
const MASK_PIXEL: f64 = 25.0;
/// Rasters are not larger than about this.
const MOST_PIXELS: f64 = 3e7;
/// Characters of a path, and points of a polygon, from which on nobody can tell how much work it is.
const LONG_PATH: usize = 4096;
const MANY_POINTS: usize = 400;

/// A layer's own picture that is to be drawn.
pub(super) struct Planned<'a> {
    pub(super) content: &'a Content,
    pub(super) effects: &'a Effects,
    pub(super) mask: Option<&'a Mask>,
    /// What it may paint, in layer pixels.
    pub(super) ink: Rect,
    /// Raster pixels per layer pixel.
    pub(super) scale: (f64, f64),
    pub(super) quality: Quality,
}

impl Planned<'_> {
    /// Whether it is expected to take longer than a tick has for it: by what it took last time, or, if it never was
    /// drawn, by its size.
    pub(super) fn is_long(&self, cache: &RasterCache, patience: Patience, assets: &Assets, fonts: &Fonts) -> bool {
        if cache.must_wait || patience == Patience::Endless {
            return false;
        }
        if !cache.cost.is_zero() {
            return is_long(cache.cost, patience);
        }
        is_unforeseeable(self.content, self.mask) || patience.is_exceeded_by(self.work(assets, fonts))
    }

    /// Nanoseconds, roughly.
    fn work(&self, assets: &Assets, fonts: &Fonts) -> f64 {
        let drawn = self.ink.width() * self.scale.0 * self.ink.height() * self.scale.1;
        let drawn = drawn.clamp(0.0, MOST_PIXELS);
        let masked = if self.mask.is_some() { drawn * MASK_PIXEL } else { 0.0 };
        let text = match self.content {
            Content::Text(text) => {
                let unset = if fonts.known(text).is_none() { setting_work(text) } else { 0.0 };
                unset + drawing_work(text, self.scale)
            }
            _ => 0.0,
        };
        let pixels = drawn.max(source_pixels(self.content, assets));
        pixels * PIXEL + masked + text + effects_work(self.effects, self.ink, self.scale, self.quality)
    }
}

fn is_long(cost: Duration, patience: Patience) -> bool {
    patience.is_exceeded_by(cost.as_secs_f64() * 1e9)
}

fn effects_work(effects: &Effects, ink: Rect, scale: (f64, f64), quality: Quality) -> f64 {
    if effects.0.is_empty() {
        return 0.0;
    }
    effects::work(effects, ink, effects::affordable_scale(effects, ink, scale, quality))
}

/// Whether a picture that is made of layers takes longer than a tick has for it: by what it took last time, if that is
/// known, or by the pixels of its steps, effects and mask.
pub(super) fn is_long_picture(
    recipe: &Recipe,
    steps: &[Step],
    effects: &Effects,
    mask: Option<&Mask>,
    cost: Duration,
    patience: Patience,
) -> bool {
    if patience == Patience::Endless {
        return false;
    }
    if !cost.is_zero() {
        return is_long(cost, patience);
    }
    let area = recipe.grid.area(recipe.scale);
    let pixels = f64::from(recipe.grid.width) * f64::from(recipe.grid.height);
    let laid: f64 = steps.iter().map(step_pixels).sum();
    let masked = if mask.is_some() { pixels * MASK_PIXEL } else { 0.0 };
    // The recipe's scale is one that the effects can afford.
    let effects = if effects.0.is_empty() { 0.0 } else { effects::work(effects, area, recipe.scale) };
    is_unforeseeable_mask(mask) || patience.is_exceeded_by((pixels + laid) * PIXEL + masked + effects)
}

fn step_pixels(step: &Step) -> f64 {
    let bounds = match step {
        Step::Layer(layer) => layer.bounds,
        Step::BeginGroup(group) => group.bounds,
        Step::EndGroup => return 0.0,
    };
    f64::from(bounds.width()) * f64::from(bounds.height())
}

/// Pixels of the picture that a content is resampled from.
fn source_pixels(content: &Content, assets: &Assets) -> f64 {
    match content {
        Content::Image(image) => match assets.state(&image.asset) {
            Some(AssetState::Image(image)) => f64::from(image.width) * f64::from(image.height),
            _ => 0.0,
        },
        _ => 0.0,
    }
}

/// Whether nobody can tell how much work a picture is before it is drawn: its lines may cross each other often.
fn is_unforeseeable(content: &Content, mask: Option<&Mask>) -> bool {
    let outline = match content {
        Content::Svg(_) => true,
        Content::Shape(shape) => match &shape.geometry {
            Geometry::Path { d } => d.len() > LONG_PATH,
            Geometry::Polygon { points } => points.len() > MANY_POINTS,
            _ => false,
        },
        _ => false,
    };
    outline || is_unforeseeable_mask(mask)
}

fn is_unforeseeable_mask(mask: Option<&Mask>) -> bool {
    mask.is_some_and(|mask| matches!(&mask.shape, MaskShape::Path { d } if d.len() > LONG_PATH))
}
