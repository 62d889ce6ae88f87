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
    /// opaque pictures stay opaque at their edges. Pixels at the picture's edge of which the layer's box covers a part
    /// count for that part, and keep it.
    fn apply(&self, _: Level, mut picture: Surface, frame: Rect) -> Surface {
        let size = (self.size * picture.scale.0, self.size * picture.scale.1);
        let (width, height) = (picture.pixmap.width(), picture.pixmap.height());
        if size.0 <= 1.0 && size.1 <= 1.0 {
            return picture;
        }
        let (left, top) = (i64::from(picture.left), i64::from(picture.top));
        let columns = edges(left, left + i64::from(width), size.0.max(1.0));
        let rows = edges(top, top + i64::from(height), size.1.max(1.0));
        let wide = shares(left, width, (frame.x0 * picture.scale.0, frame.x1 * picture.scale.0));
        let high = shares(top, height, (frame.y0 * picture.scale.1, frame.y1 * picture.scale.1));
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
                let covered = high[row.clone()].iter().sum::<f64>() * wide[column.clone()].iter().sum::<f64>();
                // Edges that are not smooth are more than what is covered.
                let count = covered.max(sum[3] as f64 / 255.0);
                let mean = sum.map(|sum| sum as f64 / count);
                let part = |share: f64| mean.map(|mean| (mean * share + 0.5) as u8);
                let whole = part(1.0);
                for y in row.clone() {
                    for (pixel, wide) in pixels[y * width..][column.clone()].iter_mut().zip(&wide[column.clone()]) {
                        let share = wide * high[y];
                        *pixel = if share == 1.0 { whole } else { part(share) };
                    }
                }
            }
        }
        picture
    }
}

/// How much of each of `count` pixels from `first` on is covered along one direction: all of those but the first and the
/// last, if an end of the box lies in these.
fn shares(first: i64, count: u32, (begin, end): (f64, f64)) -> Vec<f64> {
    let mut shares = vec![1.0; count as usize];
    let (first, last) = (first as f64, first as f64 + f64::from(count));
    if let Some(share) = shares.first_mut()
        && (first..first + 1.0).contains(&begin)
    {
        *share -= begin - first;
    }
    if let Some(share) = shares.last_mut()
        && (last - 1.0..last).contains(&end)
        && end > last - 1.0
    {
        *share -= last - end;
    }
    shares
}
