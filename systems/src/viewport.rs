//! How the scene's canvas lies on the frame.

use bevy_ecs::resource::Resource;
use components::{CanvasDocument, PixelRect};
use kurbo::{Affine, Rect, Vec2};

/// The frame, and where the canvas lies on it.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Frame width in pixels; even.
    pub width: usize,
    /// Frame height in pixels; even.
    pub height: usize,
    /// Size of the canvas in canvas pixels.
    pub canvas: (f64, f64),
    /// From canvas pixels to frame pixels.
    pub affine: Affine,
    /// The part of the frame that the canvas covers. Bars beside it stay black.
    pub clip: PixelRect,
    /// What is seen on the canvas where no layer is: opaque `[r, g, b, 255]`.
    pub background: [u8; 4],
}

impl Viewport {
    /// The canvas laid onto a frame of `width` x `height` pixels by its fit mode, centred.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "frames have at most 3840 pixels a side"
    )]
    pub fn new(canvas: &CanvasDocument, width: usize, height: usize) -> Self {
        let size = (f64::from(canvas.width), f64::from(canvas.height));
        let frame = (width as f64, height as f64);
        let scale = canvas.fit.scale(size, frame);
        // Whole pixels, so that a canvas of the frame's own size, or with bars, is not resampled.
        let origin = Vec2::new((frame.0 - size.0 * scale.0) / 2.0, (frame.1 - size.1 * scale.1) / 2.0).round();
        let affine = Affine::translate(origin) * Affine::scale_non_uniform(scale.0, scale.1);
        let covered = affine.transform_rect_bbox(Rect::new(0.0, 0.0, size.0, size.1));
        let clip = PixelRect::new(
            covered.x0.round() as i32,
            covered.y0.round() as i32,
            covered.x1.round() as i32,
            covered.y1.round() as i32,
        )
        .intersect(PixelRect::new(0, 0, width as i32, height as i32));
        let color = canvas.background;
        Self { width, height, canvas: size, affine, clip, background: [color.r, color.g, color.b, 255] }
    }

    /// The whole frame.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "frames have at most 3840 pixels a side"
    )]
    pub fn frame(&self) -> PixelRect {
        PixelRect::new(0, 0, self.width as i32, self.height as i32)
    }
}
