//! Layers that are much larger than what is seen of them: a box of one colour looks the same whatever size it is drawn at
//! before it is laid down, and a smooth gradient nearly does. So their pixels need not take memory for what nobody sees.

use components::{
    Content, Effects, Paint,
    content::Geometry,
    paint::{Gradient, GradientStop},
};
use kurbo::Rect;

use super::seen::LARGE;
use crate::viewport::Viewport;

/// Raster pixels to a side of a box of one colour: few, but so many that the place of its edges is known exactly.
const SIDE: f64 = 64.0;
/// Stops of a gradient that are nearer to each other than this are an edge, which is to stay sharp.
const NEAR: f64 = 1.0 / 32.0;

/// The scale at which a large layer is drawn whose content paints `ink` (layer pixels) and that would be drawn at `scale`.
/// Follows from these alone, so that the same scene at the same time looks the same. `None` if it must be drawn as it is.
pub(super) fn spared(
    content: &Content,
    effects: &Effects,
    is_masked: bool,
    ink: Rect,
    scale: (f64, f64),
    viewport: &Viewport,
) -> Option<(f64, f64)> {
    let (width, height) = (ink.width() * scale.0, ink.height() * scale.1);
    #[expect(clippy::cast_precision_loss, reason = "a frame has far less than 2^52 pixels")]
    let most = LARGE * (viewport.width * viewport.height) as f64;
    if !effects.0.is_empty() || is_masked {
        return None;
    }
    if is_one_colored_box(content) {
        let whole = |side: f64, length: f64| side.round().clamp(1.0, SIDE) / length;
        return Some((whole(width, ink.width()), whole(height, ink.height())));
    }
    match content {
        Content::Gradient(content) if is_smooth(&content.gradient) => {
            let shrink = (most / (width * height)).sqrt();
            // Whole pixels: a part of one at the edge would be enlarged with the rest, and seen.
            let whole = |side: f64, length: f64| (side * shrink).round().max(1.0) / length;
            Some((whole(width, ink.width()), whole(height, ink.height())))
        }
        _ => None,
    }
}

/// Whether a content is a box, all of one colour.
pub(super) fn is_one_colored_box(content: &Content) -> bool {
    match content {
        Content::Color(_) => true,
        Content::Shape(shape) => {
            let is_box = matches!(shape.geometry, Geometry::Rect { .. }) && shape.stroke.is_none();
            is_box && matches!(shape.fill, None | Some(Paint::Solid(_)))
        }
        _ => false,
    }
}

/// Whether a gradient has no edges.
fn is_smooth(gradient: &Gradient) -> bool {
    let is_edge = |pair: &[GradientStop]| pair[1].offset - pair[0].offset < NEAR && pair[0].color != pair[1].color;
    // Where one has gone around, its end meets its beginning.
    !matches!(gradient, Gradient::Conic { .. }) && !gradient.stops().windows(2).any(is_edge)
}
