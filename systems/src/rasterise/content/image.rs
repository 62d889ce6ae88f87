//! Still pictures.

use components::content::ImageContent;
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use kurbo::Rect;

use super::{
    DrawContext, Drawable, Measure,
    framing::{Framing, Layout},
    surface::{Grid, Surface, bounded_scale},
};
use crate::assets::{AssetState, PremultipliedImage};

impl Drawable for ImageContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        Framing::from(self).measure(ctx)
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let framing = Framing::from(self);
        let Some(AssetState::Image(image)) = ctx.assets.state(&self.asset) else {
            return framing.draw_missing(scale, ctx);
        };
        let natural = (f64::from(image.width), f64::from(image.height));
        draw_pixels(image, &framing.layout(natural, ctx), scale)
    }
}

/// Resamples a picture once, onto whole raster pixels: its edges move by half a pixel at most and stay sharp.
pub(super) fn draw_pixels(image: &PremultipliedImage, layout: &Layout, scale: (f64, f64)) -> Option<Surface> {
    if !layout.is_seen() {
        return None;
    }
    let Layout { source, target, .. } = layout;
    let scale = bounded_scale(*target, scale);
    let (left, right) = snap(target.x0 * scale.0, target.x1 * scale.0);
    let (top, bottom) = snap(target.y0 * scale.1, target.y1 * scale.1);
    let grid = Grid { left: left as i32, top: top as i32, width: (right - left) as u32, height: (bottom - top) as u32 };
    let pixels = resample(image, *source, grid.width, grid.height)?;
    Surface::from_pixels(pixels, grid, scale)
}

/// The nearest whole pixels, at least one.
fn snap(from: f64, to: f64) -> (f64, f64) {
    let start = from.round();
    (start, to.round().max(start + 1.0))
}

fn resample(image: &PremultipliedImage, source: Rect, width: u32, height: u32) -> Option<Vec<u8>> {
    let untouched = (width, height) == (image.width, image.height)
        && source == Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    if untouched {
        return Some(image.pixels.as_ref().clone());
    }
    let from = ImageRef::new(image.width, image.height, &image.pixels, PixelType::U8x4).ok()?;
    let mut to = Image::new(width, height, PixelType::U8x4);
    let shrinks = f64::from(width) < source.width() || f64::from(height) < source.height();
    // Lanczos keeps the most detail of a smaller picture; enlarged, it would ring.
    let filter = if shrinks { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(source.x0, source.y0, source.width(), source.height())
        // Colours are premultiplied already.
        .use_alpha(false);
    Resizer::new().resize(&from, &mut to, &options).ok()?;
    let mut pixels = to.into_vec();
    if !image.opaque {
        // Both filters overshoot at edges: a colour cannot be above its alpha.
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3];
            pixel[..3].iter_mut().for_each(|color| *color = (*color).min(alpha));
        }
    }
    Some(pixels)
}
