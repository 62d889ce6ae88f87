//! The grid of tiles that damage is counted in.

use std::ops::Range;

use components::PixelRect;

/// Edge of a tile in pixels. 64 x 64 RGBA pixels are 16 KiB: a tile, and one more for a group, stay in the L1 cache.
/// Even, so that a tile's chroma is its own.
pub const TILE: usize = 64;

/// A set of tiles of a frame. Tile (0, 0) is at the top left; tiles at the right and bottom edges may be cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileSet {
    columns: usize,
    rows: usize,
    bits: Vec<u64>,
}

impl TileSet {
    /// No tile of a frame of `width` x `height` pixels.
    #[must_use]
    pub fn none(width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
        Self { columns, rows, bits: vec![0; (columns * rows).div_ceil(64)] }
    }

    /// Every tile of a frame of `width` x `height` pixels.
    #[must_use]
    pub fn all(width: usize, height: usize) -> Self {
        let mut set = Self::none(width, height);
        set.fill();
        set
    }

    /// Tiles in a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of tiles.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many tiles the frame has.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.columns * self.rows
    }

    /// How many tiles are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no tile is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Whether the tile is in the set.
    #[must_use]
    pub fn contains(&self, column: usize, row: usize) -> bool {
        let index = row * self.columns + column;
        self.bits[index / 64] >> (index % 64) & 1 == 1
    }

    /// Adds one tile.
    pub fn insert(&mut self, column: usize, row: usize) {
        let index = row * self.columns + column;
        self.bits[index / 64] |= 1 << (index % 64);
    }

    /// Columns and rows of the tiles that share a pixel with `rect`; pixels outside of the frame are ignored.
    #[expect(clippy::cast_sign_loss, reason = "clamped to at least zero")]
    fn spanned(&self, rect: PixelRect) -> (Range<usize>, Range<usize>) {
        if rect.is_empty() || rect.x1 <= 0 || rect.y1 <= 0 {
            return (0..0, 0..0);
        }
        let (x0, y0) = (rect.x0.max(0) as usize / TILE, rect.y0.max(0) as usize / TILE);
        let x1 = (rect.x1 as usize).div_ceil(TILE).min(self.columns);
        let y1 = (rect.y1 as usize).div_ceil(TILE).min(self.rows);
        (x0..x1, y0..y1)
    }

    /// Adds every tile that shares a pixel with `rect`; pixels outside of the frame are ignored.
    pub fn insert_rect(&mut self, rect: PixelRect) {
        let (columns, rows) = self.spanned(rect);
        for row in rows {
            for column in columns.clone() {
                self.insert(column, row);
            }
        }
    }

    /// Whether a tile of the set shares a pixel with `rect`.
    #[must_use]
    pub fn intersects(&self, rect: PixelRect) -> bool {
        let (columns, mut rows) = self.spanned(rect);
        rows.any(|row| columns.clone().any(|column| self.contains(column, row)))
    }

    /// Adds every tile.
    pub fn fill(&mut self) {
        self.bits.fill(u64::MAX);
        let rest = (self.columns * self.rows) % 64;
        if let (Some(last), true) = (self.bits.last_mut(), rest != 0) {
            *last = (1 << rest) - 1;
        }
    }

    /// Removes every tile.
    pub fn clear(&mut self) {
        self.bits.fill(0);
    }

    /// Adds the tiles of `other`, which must be a set of tiles of the same frame size.
    pub fn insert_all(&mut self, other: &Self) {
        debug_assert_eq!((self.columns, self.rows), (other.columns, other.rows));
        for (word, more) in self.bits.iter_mut().zip(&other.bits) {
            *word |= more;
        }
    }

    /// Removes all but the tiles of `other`, which must be a set of tiles of the same frame size.
    pub fn keep_common(&mut self, other: &Self) {
        debug_assert_eq!((self.columns, self.rows), (other.columns, other.rows));
        for (word, kept) in self.bits.iter_mut().zip(&other.bits) {
            *word &= kept;
        }
    }

    /// Removes the tiles of `other`, which must be a set of tiles of the same frame size.
    pub fn remove_all(&mut self, other: &Self) {
        debug_assert_eq!((self.columns, self.rows), (other.columns, other.rows));
        for (word, gone) in self.bits.iter_mut().zip(&other.bits) {
            *word &= !gone;
        }
    }

    /// The columns of the tiles of one row, rising.
    pub fn in_row(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.columns).filter(move |column| self.contains(*column, row))
    }
}
