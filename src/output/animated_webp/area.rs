//! What differs between two pictures.

/// A rectangle of pixels; its left and top are even, as frames of a WebP must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    /// At least 1.
    pub(super) width: u32,
    /// At least 1.
    pub(super) height: u32,
}

/// Bytes of a pixel.
const PIXEL: usize = 4;

impl Area {
    /// The smallest area that holds all pixels in which two pictures of so many pixels a row differ: RGBA8, rows without
    /// gaps. `None` if they are the same.
    #[expect(clippy::cast_possible_truncation, reason = "frames have at most 3840 pixels a side")]
    pub(super) fn changed(before: &[u8], after: &[u8], width: u32) -> Option<Self> {
        let width = width as usize;
        let rows = || before.chunks_exact(width * PIXEL).zip(after.chunks_exact(width * PIXEL));
        let top = rows().position(|(before, after)| before != after)? & !1;
        let bottom = rows().rposition(|(before, after)| before != after)? + 1;
        let (mut left, mut right) = (width, 0);
        for (before, after) in rows().take(bottom).skip(top) {
            let differ = |(before, after): (&[u8], &[u8])| before != after;
            let pixels = || before.chunks_exact(PIXEL).zip(after.chunks_exact(PIXEL));
            // Only what lies outside of what is known to differ is looked at.
            left = pixels().take(left).position(differ).unwrap_or(left);
            right += pixels().skip(right).rposition(differ).map_or(0, |last| last + 1);
        }
        let left = left & !1;
        let side = |from: usize, to: usize| (to - from) as u32;
        Some(Self { left: left as u32, top: top as u32, width: side(left, right), height: side(top, bottom) })
    }

    /// The rows of the area in a picture of so many pixels a row.
    pub(super) fn rows<'a>(&self, pixels: &'a [u8], width: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Self { left, top, width: own, height } = *self;
        let rows = pixels.chunks_exact(width as usize * PIXEL).skip(top as usize).take(height as usize);
        rows.map(move |row| &row[left as usize * PIXEL..][..own as usize * PIXEL])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_all_that_differs_and_begins_at_even_places() {
        let before = vec![7_u8; 10 * 8 * PIXEL];
        let with = |places: &[(usize, usize)]| {
            let mut after = before.clone();
            places.iter().for_each(|(x, y)| after[(y * 10 + x) * PIXEL + 2] = 9);
            Area::changed(&before, &after, 10)
        };
        let area = |left, top, width, height| Some(Area { left, top, width, height });
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[(0, 0)]), area(0, 0, 1, 1));
        assert_eq!(with(&[(9, 7)]), area(8, 6, 2, 2));
        assert_eq!(with(&[(3, 5), (5, 2)]), area(2, 2, 4, 4));
        assert_eq!(with(&[(5, 2), (3, 3), (8, 4), (4, 7)]), area(2, 2, 7, 6));
    }
}
