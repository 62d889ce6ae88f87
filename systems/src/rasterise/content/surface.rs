//! The pixels that a content is drawn onto: just as large as what is drawn, at a given scale.

use kurbo::{Affine, Rect};
use tiny_skia::{IntSize, Pixmap, Transform};

use crate::rasterise::pixmap::Raster;

/// Pixels that a surface may have: twice a 4K frame, 66 MB. What is larger is drawn coarser.
const MAX_PIXELS: f64 = 2.0 * 3840.0 * 2160.0;
/// Longest side of a surface in pixels.
const MAX_SIDE: f64 = 65536.0;
/// How far a coordinate may be from a whole pixel and still count as being on it: rounding errors of transforms.
const SLACK: f64 = 1e-6;

/// Premultiplied RGBA8 pixels of a part of a layer.
///
/// Pixel (0, 0) of the pixmap is pixel (`left`, `top`) of the endless grid of raster pixels, whose origin is that of
/// the layer's box and of which `scale` go onto one layer pixel.
#[derive(Clone, Debug)]
pub(crate) struct Surface {
    pub(crate) pixmap: Pixmap,
    pub(crate) left: i32,
    pub(crate) top: i32,
    /// Raster pixels per layer pixel, horizontally and vertically; above zero.
    pub(crate) scale: (f64, f64),
    /// As [`Raster::enlarged`].
    pub(crate) enlarged: (f64, f64),
    /// As [`Raster::is_card`].
    pub(crate) is_card: bool,
}

/// A rectangle of whole raster pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Grid {
    /// The raster pixels that `area` (layer pixels) touches; `None` if there are none.
    pub(crate) fn around(area: Rect, scale: (f64, f64)) -> Option<Self> {
        let left = (area.x0 * scale.0 + SLACK).floor();
        let top = (area.y0 * scale.1 + SLACK).floor();
        let width = (area.x1 * scale.0 - SLACK).ceil() - left;
        let height = (area.y1 * scale.1 - SLACK).ceil() - top;
        let drawable = area.width() > 0.0 && area.height() > 0.0 && width >= 1.0 && height >= 1.0;
        drawable.then_some(Self { left: left as i32, top: top as i32, width: width as u32, height: height as u32 })
    }

    /// What two of them have in common; `None` if they have nothing.
    pub(crate) fn intersect(self, other: Self) -> Option<Self> {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let right = self.left.saturating_add_unsigned(self.width).min(other.left.saturating_add_unsigned(other.width));
        let bottom = self.top.saturating_add_unsigned(self.height).min(other.top.saturating_add_unsigned(other.height));
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        (width > 0 && height > 0).then_some(Self { left, top, width: width as u32, height: height as u32 })
    }

    /// The layer pixels that it covers.
    pub(crate) fn area(self, scale: (f64, f64)) -> Rect {
        let (left, top) = (f64::from(self.left), f64::from(self.top));
        let (right, bottom) = (left + f64::from(self.width), top + f64::from(self.height));
        Rect::new(left / scale.0, top / scale.1, right / scale.0, bottom / scale.1)
    }
}

/// The scale at which `area` (layer pixels) can be drawn: the one that is asked for, or less where the surface would
/// be too large.
pub(crate) fn bounded_scale(area: Rect, scale: (f64, f64)) -> (f64, f64) {
    let (width, height) = (area.width() * scale.0, area.height() * scale.1);
    let by_area = (MAX_PIXELS / (width * height)).sqrt();
    let shrink = by_area.min(1.0);
    (scale.0 * shrink.min(MAX_SIDE / width), scale.1 * shrink.min(MAX_SIDE / height))
}

impl Surface {
    /// A transparent surface of all raster pixels that `area` (layer pixels) touches. `None` if there are none.
    pub(crate) fn covering(area: Rect, scale: (f64, f64)) -> Option<Self> {
        let scale = bounded_scale(area, scale);
        let grid = Grid::around(area, scale)?;
        let pixmap = Pixmap::new(grid.width, grid.height)?;
        Some(Self { pixmap, left: grid.left, top: grid.top, scale, enlarged: (1.0, 1.0), is_card: false })
    }

    /// A surface of pixels that are there already.
    pub(crate) fn from_pixels(pixels: Vec<u8>, grid: Grid, scale: (f64, f64)) -> Option<Self> {
        let pixmap = Pixmap::from_vec(pixels, IntSize::from_wh(grid.width, grid.height)?)?;
        Some(Self { pixmap, left: grid.left, top: grid.top, scale, enlarged: (1.0, 1.0), is_card: false })
    }

    /// The raster pixels that it has.
    pub(crate) fn grid(&self) -> Grid {
        Grid { left: self.left, top: self.top, width: self.pixmap.width(), height: self.pixmap.height() }
    }

    /// From layer pixels to pixels of the pixmap.
    pub(crate) fn transform(&self) -> Transform {
        Transform::from_row(self.scale.0 as f32, 0.0, 0.0, self.scale.1 as f32, -self.left as f32, -self.top as f32)
    }

    /// The same picture with transparent margins (left, top, right, bottom) added. `None` if it gets too large.
    pub(crate) fn grown(&self, margins: [u32; 4]) -> Option<Self> {
        let [left, top, right, bottom] = margins;
        let width = self.pixmap.width().checked_add(left)?.checked_add(right)?;
        let height = self.pixmap.height().checked_add(top)?.checked_add(bottom)?;
        // A little more than is drawn at once, for edges that lie on whole pixels.
        if f64::from(width) * f64::from(height) > 1.1 * MAX_PIXELS {
            return None;
        }
        let mut pixmap = Pixmap::new(width, height)?;
        let row = self.pixmap.width() as usize * 4;
        let stride = width as usize * 4;
        let offset = top as usize * stride + left as usize * 4;
        for (source, target) in self.pixmap.data().chunks_exact(row).zip(pixmap.data_mut()[offset..].chunks_mut(stride))
        {
            target[..row].copy_from_slice(source);
        }
        let (left, top) = (self.left - left as i32, self.top - top as i32);
        Some(Self { pixmap, left, top, scale: self.scale, enlarged: self.enlarged, is_card: self.is_card })
    }

    /// Lays another picture of the same scale over this one.
    pub(crate) fn lay(&mut self, other: &Self) {
        let (x, y) = (other.left - self.left, other.top - self.top);
        let paint = tiny_skia::PixmapPaint::default();
        self.pixmap.draw_pixmap(x, y, other.pixmap.as_ref(), &paint, Transform::identity(), None);
    }

    /// The part of the picture within `area` (layer pixels). `None` if there is none.
    pub(crate) fn cropped(&self, area: Rect) -> Option<Self> {
        let own = self.grid();
        let Grid { left, top, width, height } = own.intersect(Grid::around(area, self.scale)?)?;
        let mut pixmap = Pixmap::new(width, height)?;
        let row = pixmap.width() as usize * 4;
        let first = (left - own.left) as usize * 4;
        let rows = self.pixmap.data().chunks_exact(own.width as usize * 4).skip((top - own.top) as usize);
        for (target, source) in pixmap.data_mut().chunks_exact_mut(row).zip(rows) {
            target.copy_from_slice(&source[first..first + row]);
        }
        Some(Self { pixmap, left, top, scale: self.scale, enlarged: self.enlarged, is_card: self.is_card })
    }

    /// The finished picture.
    pub(crate) fn into_raster(self) -> Raster {
        let (width, height) = (self.pixmap.width() as usize, self.pixmap.height() as usize);
        let to_layer = Affine::scale_non_uniform(1.0 / self.scale.0, 1.0 / self.scale.1)
            * Affine::translate((f64::from(self.left), f64::from(self.top)));
        Raster {
            enlarged: self.enlarged,
            is_card: self.is_card,
            ..Raster::new(width, height, self.pixmap.take(), to_layer)
        }
    }
}
