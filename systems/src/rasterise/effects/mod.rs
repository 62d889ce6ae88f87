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

    /// Does it. The result may be larger than what comes in; its scale is the same. `frame` is the layer's box, in layer
    /// pixels.
    fn apply(&self, picture: Surface, frame: Rect) -> Surface;
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

/// The scale at which a picture of `ink` (layer pixels) is drawn so that the effects have work that they can do: the one
/// that is asked for, or less where what they make would be too large, or where they blur so much that nobody can
/// see the difference.
pub(crate) fn affordable_scale(effects: &Effects, ink: Rect, scale: (f64, f64), quality: Quality) -> (f64, f64) {
    if effects.0.is_empty() {
        return scale;
    }
    let scale = bounded_scale(ink + reach(effects), scale);
    let blur = effects.0.iter().map(|effect| parts(effect).blurs()).fold(0.0, f64::max);
    // What is blurred by so many pixels looks the same when it is drawn at this size and enlarged.
    let enough = if blur > 0.0 { quality.soft() / blur } else { f64::INFINITY };
    (scale.0.min(enough), scale.1.min(enough))
}

/// Applies all effects, one after the other, to the picture of a layer whose box is `frame`.
pub(crate) fn apply(effects: &Effects, picture: Surface, frame: Rect) -> Surface {
    effects.0.iter().fold(picture, |picture, effect| parts(effect).apply(picture, frame))
}
