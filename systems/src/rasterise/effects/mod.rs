//! What is done to a layer's picture after its content is drawn; one file an effect.
//!
//! To add one: a file here that implements `Apply`, and its line in `parts`.

mod blur;
mod chroma_key;
mod color_adjust;
mod dilate;
mod drop_shadow;
pub(crate) mod gaussian;
mod glow;
mod grayscale;
mod outline;
mod pixelate;
mod pixels;
mod rounded_corners;
mod silhouette;
mod tint;
mod vignette;

use components::{Effect, Effects};
use fearless_simd::Level;
use kurbo::{Insets, Rect};

use super::content::surface::{Surface, bounded_scale};
use crate::quality::Quality;

/// Something that is done to a picture.
trait Apply {
    /// What may be painted when there was paint in `ink` only; both in layer pixels.
    fn spread(&self, ink: Rect) -> Rect;

    /// Standard deviation in layer pixels by which all of the picture is blurred; 0 if some of it stays sharp.
    fn blurs(&self) -> f64 {
        0.0
    }

    /// Nanoseconds for each pixel of what it makes, roughly, when the picture has `scale` raster pixels to a layer pixel.
    fn work(&self, _scale: f64) -> f64 {
        20.0
    }

    /// Does it. The result may be larger than what comes in; its scale is the same. `frame` is the layer's box, in layer
    /// pixels. What comes out is the same with any `level` of vectors.
    fn apply(&self, level: Level, picture: Surface, frame: Rect) -> Surface;
}

fn parts(effect: &Effect) -> &dyn Apply {
    match effect {
        Effect::Blur(blur) => blur,
        Effect::DropShadow(shadow) => shadow,
        Effect::Glow(glow) => glow,
        Effect::Outline(outline) => outline,
        Effect::ColorAdjust(adjust) => adjust,
        Effect::Tint(tint) => tint,
        Effect::Grayscale(grayscale) => grayscale,
        Effect::ChromaKey(key) => key,
        Effect::Pixelate(pixelate) => pixelate,
        Effect::Vignette(vignette) => vignette,
        Effect::RoundedCorners(corners) => corners,
    }
}

/// How far effects reach beyond the ink on each side, in layer pixels, one after the other.
#[must_use]
pub fn reach(effects: &Effects) -> Insets {
    let ink = Rect::new(0.0, 0.0, 1.0, 1.0);
    effects.0.iter().fold(ink, |ink, effect| parts(effect).spread(ink)) - ink
}

/// How far around what is seen there must be a picture for the effects to be right there, on each side, in layer pixels.
pub(crate) fn needs(effects: &Effects) -> Insets {
    let Insets { x0, y0, x1, y1 } = reach(effects);
    // A square is the mean of all that is in it.
    let squares = effects.0.iter().filter_map(|effect| match effect {
        Effect::Pixelate(squares) => Some(squares.size),
        _ => None,
    });
    let squares: f64 = squares.sum();
    // What is painted to the left of something reaches it by spreading to the right.
    Insets::new(x1, y1, x0, y0) + Insets::uniform(squares)
}

/// The scale at which a picture of `ink` (layer pixels) is drawn so that the effects have work that they can do: the one
/// that is asked for, or less where what they make would be too large or too much work, or where they blur so much that
/// nobody can see the difference.
pub(crate) fn affordable_scale(effects: &Effects, ink: Rect, scale: (f64, f64), quality: Quality) -> (f64, f64) {
    if effects.0.is_empty() {
        return scale;
    }
    let scale = bounded_scale(ink + reach(effects), scale);
    let blur = effects.0.iter().map(|effect| parts(effect).blurs()).fold(0.0, f64::max);
    // What is blurred by so many pixels looks the same when it is drawn at this size and enlarged.
    let enough = if blur > 0.0 { quality.soft() / blur } else { f64::INFINITY };
    let scale = (scale.0.min(enough), scale.1.min(enough));
    // The work falls with the number of pixels at the least.
    let shrink = (most_work(quality) / work(effects, ink, scale)).sqrt().min(1.0);
    (scale.0 * shrink, scale.1 * shrink)
}

/// Nanoseconds that all effects of a layer may take together, as [`Apply::work`] counts them. A tick may have to wait for
/// them.
fn most_work(quality: Quality) -> f64 {
    match quality {
        Quality::Low => 60e6,
        Quality::Medium => 100e6,
        Quality::High => 150e6,
    }
}

/// Nanoseconds that the effects take on a picture of `ink` (layer pixels), roughly. More than none.
pub(crate) fn work(effects: &Effects, ink: Rect, scale: (f64, f64)) -> f64 {
    let mut area = ink;
    let mut sum = 1.0;
    for effect in &effects.0 {
        let effect = parts(effect);
        area = effect.spread(area);
        sum += area.width() * scale.0 * area.height() * scale.1 * effect.work(scale.0.max(scale.1));
    }
    sum
}

/// Applies all effects, one after the other, to the picture of a layer whose box is `frame`.
pub(crate) fn apply(effects: &Effects, picture: Surface, frame: Rect) -> Surface {
    apply_at(Level::new(), effects, picture, frame)
}

fn apply_at(level: Level, effects: &Effects, picture: Surface, frame: Rect) -> Surface {
    effects.0.iter().fold(picture, |picture, effect| parts(effect).apply(level, picture, frame))
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn scale(effects: Value, ink: Rect, quality: Quality) -> f64 {
        let effects: Effects = serde_json::from_value(effects).unwrap();
        let scale = affordable_scale(&effects, ink, (1.0, 1.0), quality);
        assert!(work(&effects, ink, scale) <= most_work(quality) * 1.001, "{scale:?}");
        scale.0
    }

    #[test]
    fn effects_are_drawn_coarser_where_they_would_be_too_much_work() {
        let full = Rect::new(0.0, 0.0, 1920.0, 1080.0);
        let shadow = json!([{ "type": "outline", "width": 4 }, { "type": "dropShadow", "radius": 20 }]);
        assert_eq!(scale(shadow, full, Quality::High), 1.0, "what people use is drawn as it is");
        let glows = Value::from(vec![json!({ "type": "glow", "radius": 200 }); 16]);
        let high = scale(glows.clone(), Rect::new(0.0, 0.0, 1200.0, 700.0), Quality::High);
        assert!((0.02..0.2).contains(&high), "{high}");
        assert!(scale(glows, full, Quality::Low) < high, "by quality");
        let outlines = Value::from(vec![json!({ "type": "outline", "width": 50 }); 16]);
        assert!(scale(outlines, Rect::new(0.0, 0.0, 600.0, 200.0), Quality::High) < 0.5);
    }

    #[test]
    fn effects_that_go_once_through_a_full_frame_are_expected_within_a_tick() {
        let full = Rect::new(0.0, 0.0, 1920.0, 1080.0);
        for kind in ["grayscale", "tint", "colorAdjust", "vignette", "pixelate", "chromaKey"] {
            let effects: Effects = serde_json::from_value(json!([{ "type": kind, "color": "#00ff00" }]))
                .unwrap_or_else(|_| serde_json::from_value(json!([{ "type": kind }])).unwrap());
            assert!(work(&effects, full, (1.0, 1.0)) < 1e9 / 30.0, "{kind}");
        }
    }
}
