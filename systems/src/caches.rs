//! How well what is kept does.

use std::ops::{AddAssign, Sub};

/// How often something was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// It was there.
    pub hits: u64,
    /// It had to be made.
    pub misses: u64,
}

impl CacheCounts {
    /// Counts one that was asked for.
    pub(crate) fn count(&mut self, was_there: bool) {
        if was_there {
            self.hits += 1;
        } else {
            self.misses += 1;
        }
    }
}

impl AddAssign for CacheCounts {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.misses += other.misses;
    }
}

impl Sub for CacheCounts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { hits: self.hits - before.hits, misses: self.misses - before.misses }
    }
}

/// How the caches of those who set and draw text have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextCaches {
    /// Which font has a letter.
    pub fonts: CacheCounts,
    /// The lines of texts.
    pub lines: CacheCounts,
    /// Shapes and pixels of glyphs.
    pub glyphs: CacheCounts,
}

impl AddAssign for TextCaches {
    fn add_assign(&mut self, other: Self) {
        self.fonts += other.fonts;
        self.lines += other.lines;
        self.glyphs += other.glyphs;
    }
}

impl Sub for TextCaches {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { fonts: self.fonts - before.fonts, lines: self.lines - before.lines, glyphs: self.glyphs - before.glyphs }
    }
}
