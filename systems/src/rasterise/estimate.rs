//! How long a picture will take to be drawn, told before it is.

use std::time::Duration;

use components::{Content, Effects, Mask, content::Geometry, mask::MaskShape};
use kurbo::Rect;

use super::{
    Patience, RasterCache,
    cache::{Key, Took},
    composite::Step,
    content::text::{Fonts, drawing_work, setting_work},
    effects,
    picture::Recipe,
};
use crate::assets::{AssetState, Assets};

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
    /// All that it may paint, in layer pixels.
    pub(super) ink: Rect,
    pub(super) key: Key,
}

impl Planned<'_> {
    /// Whether it is expected to take longer than a tick has for it: by what it took last time and how much more work it
    /// is now, or, if it never was drawn, by its size.
    pub(super) fn is_long(&self, cache: &RasterCache, patience: Patience, assets: &Assets, fonts: &Fonts) -> bool {
        if cache.must_wait || patience == Patience::Endless {
            return false;
        }
        match cache.took {
            Some(Took { key, spent }) => {
                patience.is_exceeded_by(nanoseconds(spent) * self.growth_since(&key, assets, fonts))
            }
            None => {
                is_unforeseeable(self.content, self.mask)
                    || patience.is_exceeded_by(self.work(&self.key, assets, fonts))
            }
        }
    }

    /// How many times as much work it is as it was for `before`, at least one: what takes no time at a small size or with
    /// rough effects may take many ticks at a large one or with fine effects.
    fn growth_since(&self, before: &Key, assets: &Assets, fonts: &Fonts) -> f64 {
        let Key { scale, part, effects, .. } = self.key;
        if scale == before.scale && part == before.part && effects <= before.effects {
            return 1.0;
        }
        let work = |key| self.work(key, assets, fonts);
        (work(&self.key) / work(before).max(1.0)).max(1.0)
    }

    /// Nanoseconds that it takes as `key` has it, roughly.
    fn work(&self, key: &Key, assets: &Assets, fonts: &Fonts) -> f64 {
        let ink = key.part.unwrap_or(self.ink);
        // What effects are done to is drawn no larger than they can afford.
        let scale = effects::affordable_scale(self.effects, ink, key.scale, key.effects);
        let drawn = ink.width() * scale.0 * ink.height() * scale.1;
        let drawn = drawn.clamp(0.0, MOST_PIXELS);
        let masked = if self.mask.is_some() { drawn * MASK_PIXEL } else { 0.0 };
        let text = match self.content {
            Content::Text(text) => {
                let unset = if fonts.known(text).is_none() { setting_work(text) } else { 0.0 };
                unset + drawing_work(text, scale)
            }
            _ => 0.0,
        };
        let pixels = drawn.max(source_pixels(self.content, assets));
        pixels * PIXEL + masked + text + effects_work(self.effects, ink, scale)
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// Nanoseconds that effects take at a scale that they can afford, roughly.
fn effects_work(effects: &Effects, area: Rect, scale: (f64, f64)) -> f64 {
    if effects.0.is_empty() { 0.0 } else { effects::work(effects, area, scale) }
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
        return patience.is_exceeded_by(nanoseconds(cost));
    }
    let area = recipe.grid.area(recipe.scale);
    let pixels = f64::from(recipe.grid.width) * f64::from(recipe.grid.height);
    let laid: f64 = steps.iter().map(step_pixels).sum();
    let masked = if mask.is_some() { pixels * MASK_PIXEL } else { 0.0 };
    // The recipe's scale is one that the effects can afford.
    let effects = effects_work(effects, area, recipe.scale);
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

#[cfg(test)]
mod tests {
    use components::Extent;
    use serde_json::{from_value, json};

    use super::*;
    use crate::quality::Quality;

    const BUDGET: Patience = Patience::Within(Duration::from_millis(20));

    /// Whether a full frame of a colour is expected to take longer than the budget as `wanted` has it, when it took so many
    /// milliseconds as `before` has it: at a scale, with effects of a quality.
    fn is_long(effects: &serde_json::Value, took: u64, before: (f64, Quality), wanted: (f64, Quality)) -> bool {
        let extent = Extent { width: 1600.0, height: 900.0 };
        let key = |(scale, effects)| Key { revision: 1, scale: (scale, scale), part: None, effects, extent };
        let content: Content = from_value(json!({ "type": "color", "color": "#fff" })).unwrap();
        let effects: Effects = from_value(effects.clone()).unwrap();
        let ink = Rect::new(0.0, 0.0, 1600.0, 900.0) + effects::reach(&effects);
        let planned = Planned { content: &content, effects: &effects, mask: None, ink, key: key(wanted) };
        let mut cache = RasterCache::default();
        cache.note_cost(key(before), Duration::from_millis(took));
        planned.is_long(&cache, BUDGET, &Assets::default(), &Fonts::built_in())
    }

    #[test]
    fn what_a_small_picture_took_is_multiplied_for_a_large_one() {
        let none = json!([]);
        let at = |scale: f64| (scale, Quality::High);
        assert!(!is_long(&none, 19, at(0.05), at(0.05)) && is_long(&none, 21, at(0.05), at(0.05)), "as it was");
        assert!(is_long(&none, 1, at(0.05), at(1.0)), "400 times the pixels");
        assert!(!is_long(&none, 5, at(0.5), at(0.9)) && is_long(&none, 7, at(0.5), at(0.9)), "three times the pixels");
        assert!(is_long(&none, 21, at(1.0), at(0.05)), "it may have taken so long by other things than pixels");
        let (mut cut, none) = (RasterCache::default(), Effects::default());
        let extent = Extent { width: 1600.0, height: 900.0 };
        let part = |width: f64| Some(Rect::new(0.0, 0.0, width, 900.0));
        let key = |part| Key { revision: 1, scale: (1.0, 1.0), part, effects: Quality::High, extent };
        cut.note_cost(key(part(10.0)), Duration::from_millis(1));
        let content: Content = from_value(json!({ "type": "color", "color": "#fff" })).unwrap();
        let ink = Rect::new(0.0, 0.0, 1600.0, 900.0);
        let planned = |part| Planned { content: &content, effects: &none, mask: None, ink, key: key(part) };
        let is_long = |part| planned(part).is_long(&cut, BUDGET, &Assets::default(), &Fonts::built_in());
        assert!(!is_long(part(20.0)) && is_long(part(300.0)) && is_long(None), "more of the layer");
    }

    #[test]
    fn what_rough_effects_took_is_multiplied_for_fine_ones() {
        let glows = json!(vec![json!({ "type": "glow", "radius": 60 }); 12]);
        let of = |quality| (1.0, quality);
        assert!(!is_long(&glows, 12, of(Quality::Low), of(Quality::Low)));
        assert!(is_long(&glows, 12, of(Quality::Low), of(Quality::High)));
        assert!(!is_long(&glows, 12, of(Quality::High), of(Quality::Low)), "rough ones are no more work");
    }
}
