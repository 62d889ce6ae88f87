//! The pixels of a layer, as the compositor takes them.

use std::sync::Arc;

use kurbo::{Affine, Rect};

/// Premultiplied RGBA8 pixels of one layer (`r, g, b, a` bytes, rows without gaps), drawn once and laid onto many
/// frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 4` bytes, premultiplied.
    pub pixels: Arc<Vec<u8>>,
    /// Where raster pixels lie in the layer's box: from raster pixels to layer pixels. Only scale and translation.
    pub to_layer: Affine,
    /// Whether every pixel is opaque.
    pub opaque: bool,
    /// What is known of each row.
    pub rows: Arc<[Row]>,
    /// Where there is anything.
    pub hull: Hull,
    /// Its pixels to one of the picture that it was enlarged from, across and down; 1 where it has detail as fine as its
    /// pixels.
    pub enlarged: (f64, f64),
    /// Whether it is a card in the place of a picture that cannot be shown.
    pub is_card: bool,
}

/// What is known of a row of a raster. Columns are from the first up to, not including, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Columns outside of which all pixels are wholly transparent.
    pub seen: (u32, u32),
    /// Columns in which all pixels are opaque: the most that there are in a row, but for a few at both ends.
    pub opaque: (u32, u32),
}

/// An octagon outside of which all pixels of a raster are wholly transparent: for columns `x` and rows `y` of pixels the
/// least and the greatest of what is named. The least is above the greatest if there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hull {
    /// Of `x`.
    pub columns: (i32, i32),
    /// Of `y`.
    pub rows: (i32, i32),
    /// Of `x + y`.
    pub sums: (i32, i32),
    /// Of `x - y`.
    pub differences: (i32, i32),
}

impl Hull {
    const EMPTY: (i32, i32) = (i32::MAX, i32::MIN);

    /// That of a raster of which nothing is known but its size, which is not empty.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "rasters have less than 2^30 a side"
    )]
    pub(crate) fn full(width: usize, height: usize) -> Self {
        let (x, y) = (width as i32 - 1, height as i32 - 1);
        Self { columns: (0, x), rows: (0, y), sums: (0, x + y), differences: (-y, x) }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "rasters have less than 2^30 a side"
    )]
    fn of(rows: &[Row]) -> Self {
        let empty = Self::EMPTY;
        let mut hull = Self { columns: empty, rows: empty, sums: empty, differences: empty };
        let extend = |range: &mut (i32, i32), from: i32, to: i32| *range = (range.0.min(from), range.1.max(to));
        for (y, row) in rows.iter().enumerate().filter(|(_, row)| row.seen.0 < row.seen.1) {
            let (y, first, last) = (y as i32, row.seen.0 as i32, row.seen.1 as i32 - 1);
            extend(&mut hull.columns, first, last);
            extend(&mut hull.rows, y, y);
            extend(&mut hull.sums, first + y, last + y);
            extend(&mut hull.differences, first - y, last - y);
        }
        hull
    }
}

/// Pixels of a row that are looked at together.
const TOGETHER: usize = 8;

#[expect(clippy::cast_possible_truncation, reason = "rows have less than 2^31 pixels")]
impl Row {
    fn of(row: &[[u8; 4]]) -> Self {
        Self { seen: Self::seen(row), opaque: Self::opaque(row) }
    }

    fn seen(row: &[[u8; 4]]) -> (u32, u32) {
        let is_there = |pixel: &[u8; 4]| *pixel != [0; 4];
        let any = |pixels: &[[u8; 4]]| pixels.iter().fold(0, |any, pixel| any | u32::from_le_bytes(*pixel)) != 0;
        // Rows are mostly full or mostly empty at their ends: together first, then one by one.
        let Some(first) = row.chunks(TOGETHER).position(any) else { return (0, 0) };
        let last = row.len() - row.rchunks(TOGETHER).position(any).unwrap_or_default() * TOGETHER;
        let first = first * TOGETHER;
        let first = first + row[first..].iter().position(is_there).unwrap_or_default();
        let last = row[..last].iter().rposition(is_there).map_or(last, |last| last + 1);
        (first as u32, last as u32)
    }

    fn opaque(row: &[[u8; 4]]) -> (u32, u32) {
        let all = |pixels: &[[u8; 4]]| pixels.iter().fold(255, |all, pixel| all & pixel[3]) == 255;
        let (mut longest, mut start) = ((0, 0), None);
        for (index, pixels) in row.chunks(TOGETHER).enumerate() {
            let begin = index * TOGETHER;
            if all(pixels) {
                let start = *start.get_or_insert(begin);
                let end = begin + pixels.len();
                if end - start > longest.1 - longest.0 {
                    longest = (start, end);
                }
            } else {
                start = None;
            }
        }
        (longest.0 as u32, longest.1 as u32)
    }
}

impl Raster {
    /// Looks once at all pixels, which are `width * height`.
    #[must_use]
    pub fn new(width: usize, height: usize, pixels: Vec<u8>, to_layer: Affine) -> Self {
        debug_assert_eq!(pixels.len(), width * height * 4);
        let rows: Arc<[Row]> = pixels.as_chunks().0.chunks(width.max(1)).map(Row::of).collect();
        let opaque = rows.iter().all(|row| (row.opaque.1 - row.opaque.0) as usize == width);
        let hull = Hull::of(&rows);
        Self {
            width,
            height,
            pixels: Arc::new(pixels),
            to_layer,
            opaque,
            rows,
            hull,
            enlarged: (1.0, 1.0),
            is_card: false,
        }
    }

    /// The rectangle that it covers in the layer's pixels.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rasters are far smaller than 2^52 pixels")]
    pub fn bounds(&self) -> Rect {
        self.to_layer.transform_rect_bbox(Rect::new(0.0, 0.0, self.width as f64, self.height as f64))
    }
}
