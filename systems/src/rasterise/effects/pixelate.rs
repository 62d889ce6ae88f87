use components::effects::Pixelate;
use fearless_simd::Level;
use kurbo::Rect;

use super::Apply;
use crate::rasterise::content::surface::Surface;

/// From one edge to the next along one direction: whole raster pixels, as near to the squares' as can be, of which the
/// first is at or before `from` and the last at or after `to`.
fn edges(from: i64, to: i64, size: f64) -> Vec<i64> {
    let mut edges = vec![from];
    let mut index = (from as f64 / size).floor() as i64;
    loop {
        let edge = (index as f64 * size).round() as i64;
        if edge >= to {
            edges.push(to);
            return edges;
        }
        if edge > from {
            edges.push(edge);
        }
        index += 1;
    }
}

impl Apply for Pixelate {
    fn spread(&self, ink: Rect) -> Rect {
        ink
    }

    /// Each pixel is added up once and written once.
    fn work(&self, _: f64) -> f64 {
        5.0
    }

    /// Means of premultiplied colours. A square that sticks out of the picture is the mean of what is in it, so that
    /// opaque pictures stay opaque at their edges.
    fn apply(&self, _: Level, mut picture: Surface, _: Rect) -> Surface {
        let size = (self.size * picture.scale.0, self.size * picture.scale.1);
        let (width, height) = (picture.pixmap.width(), picture.pixmap.height());
        if size.0 <= 1.0 && size.1 <= 1.0 {
            return picture;
        }
        let (left, top) = (i64::from(picture.left), i64::from(picture.top));
        let columns = edges(left, left + i64::from(width), size.0.max(1.0));
        let rows = edges(top, top + i64::from(height), size.1.max(1.0));
        let width = width as usize;
        let pixels = picture.pixmap.data_mut().as_chunks_mut::<4>().0;
        for row in rows.windows(2) {
            let row = (row[0] - top) as usize..(row[1] - top) as usize;
            for column in columns.windows(2) {
                let column = (column[0] - left) as usize..(column[1] - left) as usize;
                let mut sum = [0_u64; 4];
                for y in row.clone() {
                    for pixel in &pixels[y * width..][column.clone()] {
                        sum.iter_mut().zip(pixel).for_each(|(sum, byte)| *sum += u64::from(*byte));
                    }
                }
                let count = (row.len() * column.len()) as u64;
                let mean = sum.map(|sum| ((sum + count / 2) / count) as u8);
                for y in row.clone() {
                    pixels[y * width..][column.clone()].fill(mean);
                }
            }
        }
        picture
    }
}
