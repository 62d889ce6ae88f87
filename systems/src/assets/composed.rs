//! Puts frames that are parts of a picture together to pictures as they are seen.

use std::ops::Range;

use image::{Pixel, Rgba};

/// What is wrong with a frame that does not lie within its picture.
pub(super) const OUTSIDE: &str = "a frame leaves its picture";

/// What becomes of a frame when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    /// It stays.
    Keep,
    /// Its rectangle is cleared.
    Clear,
    /// What was there before it comes back.
    Restore,
}

/// A frame's place in the picture, in pixels, and what it does there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) disposal: Disposal,
    /// Whether it is mixed with what is there, rather than to take its place.
    pub(super) is_over: bool,
}

impl Part {
    /// The bytes of each of its rows in a picture of this width.
    fn rows(self, width: u32) -> impl Iterator<Item = Range<usize>> {
        let length = self.width as usize * 4;
        (self.y as usize..self.y as usize + self.height as usize).map(move |row| {
            let begin = (row * width as usize + self.x as usize) * 4;
            begin..begin + length
        })
    }
}

/// A picture that frames are drawn into one after the other.
pub(super) struct Composer {
    size: (u32, u32),
    /// Straight RGBA8; empty before the first frame.
    canvas: Vec<u8>,
    /// The last frame, and what was there before it if that comes back.
    last: Option<(Part, Vec<u8>)>,
}

impl Composer {
    /// A transparent picture.
    pub(super) fn new(size: (u32, u32)) -> Self {
        Self { size, canvas: Vec::new(), last: None }
    }

    /// Whether a frame lies within the picture.
    pub(super) fn holds(&self, part: Part) -> bool {
        let (width, height) = self.size;
        part.x.checked_add(part.width).is_some_and(|right| right <= width)
            && part.y.checked_add(part.height).is_some_and(|bottom| bottom <= height)
            && part.width > 0
    }

    /// The picture with the next frame, of which these are the pixels (straight RGBA8), once the one before is over.
    pub(super) fn draw(&mut self, part: Part, pixels: &[u8]) -> Result<Vec<u8>, String> {
        let (width, height) = self.size;
        if self.canvas.is_empty() {
            self.canvas = vec![0; width as usize * height as usize * 4];
        }
        if let Some((last, before)) = self.last.take() {
            match last.disposal {
                Disposal::Keep => {}
                Disposal::Clear => last.rows(width).for_each(|row| self.canvas[row].fill(0)),
                Disposal::Restore => self.canvas = before,
            }
        }
        if !self.holds(part) || pixels.len() != part.width as usize * part.height as usize * 4 {
            return Err(OUTSIDE.to_owned());
        }
        let before = if part.disposal == Disposal::Restore { self.canvas.clone() } else { Vec::new() };
        for (row, source) in part.rows(width).zip(pixels.chunks_exact(part.width as usize * 4)) {
            let target = &mut self.canvas[row];
            if part.is_over {
                for (target, source) in target.as_chunks_mut::<4>().0.iter_mut().zip(source.as_chunks::<4>().0) {
                    let mut mixed = Rgba(*target);
                    mixed.blend(&Rgba(*source));
                    *target = mixed.0;
                }
            } else {
                target.copy_from_slice(source);
            }
        }
        self.last = Some((part, before));
        Ok(self.canvas.clone())
    }
}
