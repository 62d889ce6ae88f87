//! Still pictures.

use components::{computed::Extent, content::ImageContent};
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use kurbo::Rect;

use super::{
    DrawContext, Drawable, Measure, error_card,
    surface::{Grid, Surface, bounded_scale},
};
use crate::assets::{AssetState, PremultipliedImage};

/// Size in pixels of the box of a picture that has none, since it could not be loaded.
const UNKNOWN: (f64, f64) = (480.0, 270.0);

impl Drawable for ImageContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        let size = self.size.map(|size| size.resolve(ctx.canvas));
        let boxed =
            |(width, height)| Measure { extent: Extent { width, height }, ink: Rect::new(0.0, 0.0, width, height) };
        match ctx.assets.state(&self.asset) {
            Some(AssetState::Image(image)) => {
                let area = size.unwrap_or((f64::from(image.width), f64::from(image.height)));
                Measure { ink: Layout::new(self, image, area).target, ..boxed(area) }
            }
            Some(AssetState::Loading) => Measure { ink: Rect::ZERO, ..boxed(size.unwrap_or_default()) },
            _ => boxed(size.unwrap_or(UNKNOWN)),
        }
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let size = self.size.map(|size| size.resolve(ctx.canvas));
        let reason = match ctx.assets.state(&self.asset) {
            Some(AssetState::Image(image)) => {
                let area = size.unwrap_or((f64::from(image.width), f64::from(image.height)));
                return Layout::new(self, image, area).draw(image, scale);
            }
            Some(AssetState::Loading) => return None,
            Some(AssetState::Failed(error)) => error.to_string(),
            Some(AssetState::Font(_)) => "it is a font, not a picture; name an asset of type `image`".to_owned(),
            Some(AssetState::Sound) => "it is a sound, not a picture; name an asset of type `image`".to_owned(),
            None => "the scene's `assets` have no entry with this id; add one, or correct the name".to_owned(),
        };
        error_card::draw(&self.asset, &reason, size.unwrap_or(UNKNOWN), scale, ctx.fonts)
    }
}

/// Where which part of a picture goes.
struct Layout {
    /// The part of the picture that is seen, in its own pixels.
    source: Rect,
    /// Where it goes, in layer pixels.
    target: Rect,
}

impl Layout {
    fn new(content: &ImageContent, image: &PremultipliedImage, area: (f64, f64)) -> Self {
        let inner = (f64::from(image.width), f64::from(image.height));
        let scale = content.fit.scale(inner, area);
        let origin = ((area.0 - inner.0 * scale.0) * content.focus.x, (area.1 - inner.1 * scale.1) * content.focus.y);
        let whole = Rect::new(origin.0, origin.1, origin.0 + inner.0 * scale.0, origin.1 + inner.1 * scale.1);
        let target = whole.intersect(Rect::new(0.0, 0.0, area.0, area.1));
        let source = Rect::new(
            ((target.x0 - origin.0) / scale.0).clamp(0.0, inner.0),
            ((target.y0 - origin.1) / scale.1).clamp(0.0, inner.1),
            ((target.x1 - origin.0) / scale.0).clamp(0.0, inner.0),
            ((target.y1 - origin.1) / scale.1).clamp(0.0, inner.1),
        );
        Self { source, target }
    }

    /// Resamples the picture once, onto whole raster pixels: its edges move by half a pixel at most and stay sharp.
    fn draw(&self, image: &PremultipliedImage, scale: (f64, f64)) -> Option<Surface> {
        let Self { source, target } = self;
        if !(target.width() > 0.0 && target.height() > 0.0 && source.width() > 0.0 && source.height() > 0.0) {
            return None;
        }
        let scale = bounded_scale(*target, scale);
        let (left, right) = snap(target.x0 * scale.0, target.x1 * scale.0);
        let (top, bottom) = snap(target.y0 * scale.1, target.y1 * scale.1);
        let grid =
            Grid { left: left as i32, top: top as i32, width: (right - left) as u32, height: (bottom - top) as u32 };
        let pixels = resample(image, *source, grid.width, grid.height)?;
        Surface::from_pixels(pixels, grid, scale)
    }
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
