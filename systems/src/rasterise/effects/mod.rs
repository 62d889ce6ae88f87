//! What is done to a layer's picture after its content is drawn; one file an effect.
//!
//! To add one: a file here that implements [`Apply`], and its line in [`parts`].

mod blur;
mod drop_shadow;
pub(crate) mod gaussian;

use components::{Effect, Effects};
use kurbo::{Insets, Rect};

use super::content::surface::Surface;

/// Something that is done to a picture.
trait Apply {
    /// What may be painted when there was paint in `ink` only; both in layer pixels.
    fn spread(&self, ink: Rect) -> Rect;

    /// Does it. The result may be larger than what comes in; its scale is the same.
    fn apply(&self, picture: Surface) -> Surface;
}

fn parts(effect: &Effect) -> &dyn Apply {
    match effect {
        Effect::Blur(blur) => blur,
        Effect::DropShadow(shadow) => shadow,
    }
}

/// How far effects reach beyond the ink on each side, in layer pixels, one after the other.
#[must_use]
pub fn reach(effects: &Effects) -> Insets {
    let ink = Rect::new(0.0, 0.0, 1.0, 1.0);
    effects.0.iter().fold(ink, |ink, effect| parts(effect).spread(ink)) - ink
}

/// Applies all effects, one after the other.
pub(crate) fn apply(effects: &Effects, picture: Surface) -> Surface {
    effects.0.iter().fold(picture, |picture, effect| parts(effect).apply(picture))
}
