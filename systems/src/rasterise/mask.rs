//! Which part of a layer is seen: masks as coverage.

use components::{Mask, MaskChannel};
use fearless_simd::Level;
use kurbo::Rect;
use tiny_skia::Transform;

use super::{
    content::{
        outline, paint,
        surface::{Grid, Surface, bounded_scale},
    },
    effects::gaussian,
    pixmap::Raster,
};

/// Feather per standard deviation of the blur that makes it: 95 % of the way from seen to unseen lie within.
const FEATHER: f64 = 4.0;

/// Largest standard deviation of a soft edge, in raster pixels.
const SOFTEST: f64 = 256.0;

/// Coverage of all pixels of `grid` by the mask's shape, row by row; 255 is inside.
fn coverage(mask: &Mask, grid: Grid, scale: (f64, f64)) -> Option<tiny_skia::Mask> {
    // Nobody can see the difference between one soft edge of hundreds of pixels and another.
    let soft = |scale: f64| (mask.feather / FEATHER * scale).min(SOFTEST);
    let deviation = (soft(scale.0), soft(scale.1));
    // What lies just outside is carried in by the blur.
    let (x, y) = (gaussian::reach(deviation.0), gaussian::reach(deviation.1));
    let (width, height) = (grid.width + 2 * x, grid.height + 2 * y);
    let mut drawn = tiny_skia::Mask::new(width, height)?;
    let transform = Transform::from_row(
        scale.0 as f32,
        0.0,
        0.0,
        scale.1 as f32,
        (i64::from(x) - i64::from(grid.left)) as f32,
        (i64::from(y) - i64::from(grid.top)) as f32,
    );
    if let Some(path) = outline::to_skia(&outline::of_mask(&mask.shape)) {
        paint::cover(&mut drawn, path, transform);
    }
    gaussian::blur::<1>(Level::new(), drawn.data_mut(), width as usize, deviation);
    if (x, y) == (0, 0) {
        return Some(drawn);
    }
    let mut cut = tiny_skia::Mask::new(grid.width, grid.height)?;
    let rows = drawn.data().chunks_exact(width as usize).skip(y as usize);
    for (target, source) in cut.data_mut().chunks_exact_mut(grid.width as usize).zip(rows) {
        target.copy_from_slice(&source[x as usize..][..grid.width as usize]);
    }
    Some(cut)
}

/// Takes away what the mask does not show. What another layer does not show is taken away only when a frame is drawn.
pub(crate) fn apply(mask: &Mask, mut picture: Surface) -> Surface {
    if mask.layer().is_some() {
        return picture;
    }
    if let Some(mut coverage) = coverage(mask, picture.grid(), picture.scale) {
        if mask.inverted {
            coverage.invert();
        }
        picture.pixmap.apply_mask(&coverage);
    }
    picture
}

/// The mask that a picture is: white, its alpha the channel of the picture, blurred by a standard deviation in its
/// pixels. `None` if it gets too large.
pub(crate) fn from_channel(picture: Surface, channel: MaskChannel, deviation: f64) -> Option<Surface> {
    let deviation = deviation.min(SOFTEST);
    let reach = gaussian::reach(deviation);
    let picture = picture.grown([reach; 4])?;
    let value = |pixel: &[u8]| match channel {
        MaskChannel::Alpha => pixel[3],
        // W3C CSS Masking Level 1, chapter 7.10.1: linear luminance coefficients on sRGB, times alpha.
        MaskChannel::Luminance => {
            let sum = 2125 * u32::from(pixel[0]) + 7154 * u32::from(pixel[1]) + 721 * u32::from(pixel[2]);
            ((sum + 5000) / 10_000) as u8
        }
    };
    let mut coverage: Vec<u8> = picture.pixmap.data().chunks_exact(4).map(value).collect();
    gaussian::blur::<1>(Level::new(), &mut coverage, picture.pixmap.width() as usize, (deviation, deviation));
    let pixels = coverage.into_iter().flat_map(|coverage| [coverage; 4]).collect();
    Surface::from_pixels(pixels, picture.grid(), picture.scale)
}

/// Standard deviation of the blur that makes a soft edge of this width.
pub(crate) fn softness(feather: f64) -> f64 {
    feather / FEATHER
}

/// The picture of a mask's shape alone: white, its alpha the coverage. For groups, whose pixels are there only when a
/// frame is drawn; a mask that is inverted is so only then. `scale` is in raster pixels per pixel of the group. Of it all,
/// or `part`, in pixels of the group. `None` if the shape covers nothing.
#[must_use]
pub fn draw_mask(mask: &Mask, scale: (f64, f64), part: Option<Rect>) -> Option<Raster> {
    let bounds = part.map_or(mask.reach(), |part| mask.reach().intersect(part));
    let scale = bounded_scale(bounds, scale);
    let grid = Grid::around(bounds, scale)?;
    let pixels = coverage(mask, grid, scale)?.data().iter().flat_map(|coverage| [*coverage; 4]).collect();
    Some(Surface::from_pixels(pixels, grid, scale)?.into_raster())
}
