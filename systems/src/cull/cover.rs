//! What opaque layers hide of those behind them.

use components::{BlendMode, Content, Fit, PixelRect};
use kurbo::Rect;

use super::{DrawStep, Drawn, Layers, large};
use crate::{
    assets::{AssetState, Assets},
    rasterise::Patience,
    variants::VariantSet,
};

/// Opaque rectangles that are remembered at once while looking for what they hide. More would find little more.
const COVERS: usize = 8;

/// Marks layers that opaque layers in front of them hide. A group is left out by the compositor when all within it is.
pub(super) fn mark_covered(steps: &mut [DrawStep], layers: &Layers<'_, '_>, assets: &Assets) {
    let mut covers: Vec<(PixelRect, VariantSet)> = Vec::with_capacity(COVERS);
    let mut depth = 0_usize;
    for step in steps.iter_mut().rev() {
        match step {
            DrawStep::EndGroup => depth += 1,
            DrawStep::BeginGroup(_) => depth -= 1,
            DrawStep::Layer(layer) | DrawStep::Picture(layer) => {
                // Sampling reaches past the bounds of what is drawn only inwards: containing the bounds is enough.
                let hides = |(cover, variants): &(PixelRect, VariantSet)| {
                    cover.contains(layer.bounds) && layer.variants.is_within(*variants)
                };
                if covers.iter().any(hides) {
                    layer.covered = true;
                } else if depth == 0 && covers.len() < COVERS {
                    covers.extend(layers.cover(layer, assets).map(|cover| (cover, layer.variants)));
                }
            }
        }
    }
}

impl Layers<'_, '_> {
    /// The rectangle that this layer fills with opaque pixels, if it is sure to fill one.
    fn cover(&self, layer: &Drawn, assets: &Assets) -> Option<PixelRect> {
        let [xx, yx, xy, yy, ..] = layer.affine.as_coeffs();
        let upright = yx == 0.0 && xy == 0.0 && xx > 0.0 && yy > 0.0;
        if !upright || layer.opacity < 1.0 || layer.blend != BlendMode::Normal {
            return None;
        }
        let (_, ink, _, mask, content) = self.placed.get(layer.entity).ok()?;
        let (animated, effects) = self.painted.get(layer.entity).ok()?;
        let content = animated.0.as_ref().unwrap_or(content);
        if mask.0.is_some() || !effects.0.is_empty() || !is_opaque(content, assets) {
            return None;
        }
        // One that is still to be drawn may not be there when this tick is: what is below is seen until it is.
        let is_drawn = || self.caches.get(layer.entity).is_ok_and(|cache| cache.shows(layer));
        if *self.patience != Patience::Endless && !is_drawn() {
            return None;
        }
        let filled = layer.affine.transform_rect_bbox(ink.0);
        let scale = layer.scale;
        // Pixels of the frame that one of the raster's pixels takes.
        let pixel = (xx / scale.0).max(yy / scale.1);
        // However few a box of one colour has, its edges are where they belong.
        let pixel = if large::is_one_colored_box(content) { pixel.min(1.0) } else { pixel };
        let edges = [filled.x0, filled.y0, filled.x1, filled.y1];
        let whole = edges.iter().all(|edge| (edge - edge.round()).abs() < 1e-6);
        let within = if whole && !layer.reshaping && pixel < 1.0 + 1e-9 {
            let [x0, y0, x1, y1] = edges.map(f64::round);
            PixelRect::around(Rect::new(x0, y0, x1, y1))
        } else {
            // Edges may be drawn between pixels, or moved by half a one: only what lies farther within is sure.
            PixelRect::around(filled.inset(-2.0 * pixel.max(1.0)))
        };
        Some(within.intersect(layer.bounds)).filter(|rect| !rect.is_empty())
    }
}

/// Whether a content is sure to fill all of its box with opaque pixels.
fn is_opaque(content: &Content, assets: &Assets) -> bool {
    match content {
        Content::Color(content) => content.color.a == 255,
        Content::Gradient(content) => content.gradient.stops().iter().all(|stop| stop.color.a == 255),
        Content::Image(content) => {
            let fills = matches!(content.fit, Fit::Cover | Fit::Fill) || content.size.is_none();
            fills && matches!(assets.state(&content.asset), Some(AssetState::Image(image)) if image.opaque)
        }
        Content::AnimatedImage(content) => {
            let fills = matches!(content.fit, Fit::Cover | Fit::Fill) || content.size.is_none();
            fills && matches!(assets.state(&content.asset), Some(AssetState::Animation(image)) if image.opaque)
        }
        Content::Svg(_) | Content::Shape(_) | Content::Text(_) | Content::Group(_) => false,
    }
}
