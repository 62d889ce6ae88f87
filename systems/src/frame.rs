//! What a tick produces: an I420 frame for the encoder, and on request an RGBA picture.

use std::sync::Arc;

use crate::tiles::TileSet;

/// An I420 frame: BT.709, limited range, chroma sited in the centre of its four pixels, as JPEG and MPEG-1 have it.
/// Width and height are even.
///
/// The planes lie behind one another as GStreamer's default layout for I420 has them: rows of Y are
/// [`y_stride`](Self::y_stride) bytes apart (width rounded up to 4), rows of U and V
/// [`uv_stride`](Self::uv_stride) (half the width rounded up to 4), with half as many rows.
#[derive(Clone, Debug)]
pub struct Frame {
    width: usize,
    height: usize,
    data: Vec<u8>,
    /// The tick that drew it.
    pub tick: u64,
    /// Tiles that differ from the frame before.
    pub damage: TileSet,
}

impl Frame {
    /// A black frame.
    ///
    /// # Panics
    /// Width or height is odd or zero.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        assert!(
            width > 0 && height > 0 && width.is_multiple_of(2) && height.is_multiple_of(2),
            "I420 needs an even width and height"
        );
        let mut frame = Self { width, height, data: Vec::new(), tick: 0, damage: TileSet::all(width, height) };
        let luma = frame.y_stride() * height;
        frame.data = vec![16; luma + frame.uv_stride() * height];
        frame.data[luma..].fill(128);
        frame
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes from one row of Y to the next.
    #[must_use]
    pub fn y_stride(&self) -> usize {
        self.width.next_multiple_of(4)
    }

    /// Bytes from one row of U or V to the next.
    #[must_use]
    pub fn uv_stride(&self) -> usize {
        (self.width / 2).next_multiple_of(4)
    }

    /// All three planes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The planes Y, U and V.
    #[must_use]
    pub fn planes(&self) -> (&[u8], &[u8], &[u8]) {
        let (y, uv) = self.data.split_at(self.y_stride() * self.height);
        let (u, v) = uv.split_at(uv.len() / 2);
        (y, u, v)
    }

    /// The planes Y, U and V, to be written.
    pub fn planes_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        let luma = self.y_stride() * self.height;
        let (y, uv) = self.data.split_at_mut(luma);
        let half = uv.len() / 2;
        let (u, v) = uv.split_at_mut(half);
        (y, u, v)
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// A copy of the canvas: opaque sRGB pixels, four bytes each (`r, g, b, 255`), rows without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub data: Vec<u8>,
    /// The tick it shows.
    pub tick: u64,
}

/// Frames after which one that nobody needed meanwhile is let go of: some seconds.
const IDLE: u32 = 256;

/// The frames that are drawn into in turn. A frame that an encoder still holds is never written.
#[derive(Debug)]
pub struct FramePool {
    slots: Vec<Slot>,
    limit: usize,
    width: usize,
    height: usize,
}

#[derive(Debug)]
struct Slot {
    frame: Arc<Frame>,
    /// Tiles whose pixels here are older than the canvas's: the damage of every tick since this buffer was drawn.
    stale: TileSet,
    /// Frames that were drawn since this one was.
    idle: u32,
}

impl FramePool {
    /// A pool of at most `limit` frames of this size, each made when it is first needed, and let go of when for long
    /// fewer were.
    #[must_use]
    pub fn new(width: usize, height: usize, limit: usize) -> Self {
        Self { slots: Vec::new(), limit: limit.max(1), width, height }
    }

    /// Frames that it may make.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Frames that there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Notes what this tick changed on the canvas: those tiles of every frame are out of date now.
    pub fn mark_stale(&mut self, damage: &TileSet) {
        for slot in &mut self.slots {
            slot.stale.insert_all(damage);
        }
    }

    /// Lets `draw` bring a frame that nobody holds up to date and returns it. `draw` gets the frame and the tiles that
    /// it must write, which are current afterwards.
    ///
    /// `None` if all frames are held by others and the pool has reached its limit.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame, &TileSet)) -> Option<Arc<Frame>> {
        let is_free = |slot: &Slot| Arc::strong_count(&slot.frame) == 1;
        for slot in &mut self.slots {
            slot.idle = slot.idle.saturating_add(1);
        }
        // The first that is free is taken: what was not for long is more than are needed.
        self.slots.retain(|slot| slot.idle <= IDLE || !is_free(slot));
        let free = self.slots.iter().position(is_free);
        let index = match free {
            Some(index) => index,
            None if self.slots.len() < self.limit => {
                self.slots.push(Slot {
                    frame: Arc::new(Frame::new(self.width, self.height)),
                    stale: TileSet::all(self.width, self.height),
                    idle: 0,
                });
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = &mut self.slots[index];
        let frame = Arc::get_mut(&mut slot.frame)?;
        draw(frame, &slot.stale);
        slot.stale.clear();
        slot.idle = 0;
        Some(Arc::clone(&slot.frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_needed_no_more_are_let_go_of() {
        let mut pool = FramePool::new(64, 64, 8);
        let draw = |pool: &mut FramePool| pool.draw(|_, _| ()).unwrap();
        // Some wait for an encoder that is late.
        let late: Vec<_> = (0..6).map(|_| draw(&mut pool)).collect();
        assert_eq!(pool.len(), 6);
        for _ in 0..=IDLE {
            drop(draw(&mut pool));
        }
        assert_eq!(pool.len(), 7, "what is held stays");
        drop(late);
        let mut last = draw(&mut pool);
        for _ in 0..=IDLE {
            // As one goes to the encoder, the next one is drawn.
            last = draw(&mut pool);
        }
        assert_eq!(pool.len(), 2);
        drop(last);
    }
}
