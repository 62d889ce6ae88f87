//! Draws rasters, on whatever thread.

use std::sync::{Mutex, PoisonError};

use components::{
    AssetId, Content, Effects, Mask, Point,
    content::{FillRule, Geometry, ShapeContent},
};
use kurbo::Rect;

use super::{
    content::{DrawContext, draw_layer, text::Fonts},
    fault::guarded,
    mask::draw_mask,
    pixmap::Raster,
    refresh::{Due, Picture, Scene},
};
use crate::assets::{AssetState, Assets};

/// What was drawn.
#[derive(Debug, Default)]
pub(crate) struct Pixels {
    pub(super) raster: Option<Raster>,
    pub(super) window: Option<Raster>,
}

/// Fonts for pictures that need none, unless something has gone wrong; see [`Studio`].
#[derive(Debug, Default)]
pub struct SpareFonts(Mutex<Vec<Fonts>>);

/// What all who draw share.
///
/// Setting text changes what is kept of fonts, so that only one at a time can do it. All others draw meanwhile; each
/// gets fonts that nobody else has, though it should not need any.
pub(super) struct Studio<'a> {
    pub(super) scene: &'a Scene<'a, 'a>,
    pub(super) fonts: Mutex<&'a mut Fonts>,
    pub(super) spare: &'a SpareFonts,
}

impl Studio<'_> {
    /// Draws one raster. The words of the panic if it panics.
    pub(super) fn draw(&self, due: &Due<'_>) -> Result<Pixels, String> {
        let Picture::Layer { content, .. } = due.picture else { return self.draw_with(due, None) };
        if sets_text(content, &self.scene.assets) {
            let mut fonts = self.fonts.lock().unwrap_or_else(PoisonError::into_inner);
            let drawn = self.draw_with(due, Some(&mut fonts));
            if drawn.is_err() {
                fonts.renew();
            }
            return drawn;
        }
        let kept = self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut fonts = kept.unwrap_or_else(Fonts::built_in);
        let drawn = self.draw_with(due, Some(&mut fonts));
        if drawn.is_ok() {
            self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).push(fonts);
        }
        drawn
    }

    fn draw_with(&self, due: &Due<'_>, fonts: Option<&mut Fonts>) -> Result<Pixels, String> {
        guarded(|| {
            self.scene.injection.strike(due.layer);
            match (&due.picture, fonts) {
                (Picture::Layer { content, effects, mask, window }, Some(fonts)) => {
                    let assets = &*self.scene.assets;
                    let canvas = self.scene.viewport.canvas;
                    let seconds = self.scene.time.own();
                    let mut context =
                        DrawContext { assets, fonts, canvas, quality: due.key.effects, seconds, part: due.key.part };
                    paint(content, effects, *mask, *window, due.key.scale, &mut context)
                }
                (Picture::Mask(Some(mask)), _) => {
                    Pixels { raster: draw_mask(mask, due.key.scale, due.key.part), window: None }
                }
                _ => Pixels { raster: None, window: None },
            }
        })
    }
}

/// Draws a layer's own picture. Where its pixels move within the layer, `window` is what they are seen through, in layer
/// pixels; the mask stays where it is then.
pub(super) fn paint(
    content: &Content,
    effects: &Effects,
    mask: Option<&Mask>,
    window: Option<Rect>,
    scale: (f64, f64),
    context: &mut DrawContext<'_>,
) -> Pixels {
    let Some(window) = window else {
        return Pixels { raster: draw_layer(content, effects, mask, scale, context), window: None };
    };
    let window = draw_window(window, mask, scale, context);
    let raster = draw_layer(content, effects, None, scale, context);
    Pixels { raster, window }
}

/// The picture of a window, white, its alpha what is seen through: a rectangle of layer pixels, and of that what the
/// layer's mask shows.
fn draw_window(window: Rect, mask: Option<&Mask>, scale: (f64, f64), context: &mut DrawContext<'_>) -> Option<Raster> {
    let geometry = Geometry::Polygon {
        points: [(window.x0, window.y0), (window.x1, window.y0), (window.x1, window.y1), (window.x0, window.y1)]
            .map(|(x, y)| Point { x, y })
            .to_vec(),
    };
    let pane = ShapeContent { geometry, fill: None, stroke: None, fill_rule: FillRule::default() };
    draw_layer(&Content::Shape(pane), &Effects::default(), mask, scale, context)
}

/// Whether drawing a content may set text. When in doubt it does.
fn sets_text(content: &Content, assets: &Assets) -> bool {
    let is_picture = |id: &AssetId| {
        let state = assets.state(id);
        matches!(state, Some(AssetState::Image(_) | AssetState::Animation(_) | AssetState::Svg(_)))
    };
    match content {
        Content::Color(_) | Content::Gradient(_) | Content::Shape(_) | Content::Group(_) => false,
        Content::Image(image) => !is_picture(&image.asset),
        Content::AnimatedImage(image) => !is_picture(&image.asset),
        Content::Svg(image) => !is_picture(&image.asset),
        Content::Text(_) => true,
    }
}
