//! Asking for memory before it is needed.
//!
//! A tile takes 256 bytes of each row of a raster. Processors guess what comes next where much is read in a row, and
//! here they guess wrong: without this, most of the time of laying a picture down went into waiting for its pixels.

use super::Pixel;

/// Asks for the memory of `count` pixels from `start` on, as far as there are such, to be in the cache soon.
#[inline(always)]
pub(super) fn fetch(pixels: &[Pixel], start: usize, count: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in pixels.get(start..(start + count).min(pixels.len())).unwrap_or_default().chunks(LINE) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this kind has SSE, and nothing is read or written.
        #[expect(unsafe_code, reason = "there is no other way to say it")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (pixels, start, count);
}

/// Pixels of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 16;
