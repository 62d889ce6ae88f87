//! Still pictures.

use components::content::ImageContent;
use kurbo::Rect;

use super::{
    DrawContext, Drawable, Measure,
    framing::{Framing, Layout},
    surface::{Grid, Surface, bounded_scale},
};
use crate::{
    assets::{AssetState, PremultipliedImage},
    resize::{FilterType, ResizeSource, resize_rgba},
};

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
        draw_pixels(image, &framing.layout(natural, ctx), scale, ctx.part)
    }
}

/// Resamples a picture once, onto whole raster pixels: its edges move by half a pixel at most and stay sharp. Of it all, or
/// `part`, in layer pixels.
pub(super) fn draw_pixels(
    image: &PremultipliedImage,
    layout: &Layout,
    scale: (f64, f64),
    part: Option<Rect>,
) -> Option<Surface> {
    if !layout.is_seen() {
        return None;
    }
    let Layout { source, target, .. } = layout;
    let wanted = part.map_or(*target, |part| target.intersect(part));
    let scale = bounded_scale(wanted, scale);
    let (left, right) = snap(target.x0 * scale.0, target.x1 * scale.0);
    let (top, bottom) = snap(target.y0 * scale.1, target.y1 * scale.1);
    let whole =
        Grid { left: left as i32, top: top as i32, width: (right - left) as u32, height: (bottom - top) as u32 };
    let (mut grid, mut source) = (whole, *source);
    if part.is_some() {
        grid = whole.intersect(Grid::around(wanted, scale)?)?;
        let (x, y) = (source.width() / f64::from(whole.width), source.height() / f64::from(whole.height));
        let (left, top) = (f64::from(grid.left - whole.left), f64::from(grid.top - whole.top));
        let (right, bottom) = (left + f64::from(grid.width), top + f64::from(grid.height));
        let cut = Rect::new(left * x, top * y, right * x, bottom * y) + source.origin().to_vec2();
        source = cut.intersect(source);
    }
    let pixels = resample(image, source, grid.width, grid.height)?;
    let enlarged = |to: u32, from: f64| (f64::from(to) / from).max(1.0);
    let enlarged = (enlarged(grid.width, source.width()), enlarged(grid.height, source.height()));
    Some(Surface { enlarged, ..Surface::from_pixels(pixels, grid, scale)? })
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
    let shrinks = f64::from(width) < source.width() || f64::from(height) < source.height();
    // Lanczos keeps the most detail of a smaller picture; enlarged, it would ring.
    let filter = if shrinks { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let from = ResizeSource { width: image.width, height: image.height, data: &image.pixels, crop: Some(source) };
    let mut pixels = resize_rgba(from, (width, height), filter).ok()?;
    if !image.opaque {
        // Both filters overshoot at edges: a colour cannot be above its alpha.
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3];
            pixel[..3].iter_mut().for_each(|color| *color = (*color).min(alpha));
        }
    }
    Some(pixels)
}
