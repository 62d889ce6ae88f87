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
}

impl FramePool {
    /// A pool of at most `limit` frames of this size, each made when it is first needed.
    #[must_use]
    pub fn new(width: usize, height: usize, limit: usize) -> Self {
        Self { slots: Vec::new(), limit: limit.max(1), width, height }
    }

    /// Frames that it may make.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Frames that were made so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no frame was made so far.
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
        let free = self.slots.iter().position(|slot| Arc::strong_count(&slot.frame) == 1);
        let index = match free {
            Some(index) => index,
            None if self.slots.len() < self.limit => {
                self.slots.push(Slot {
                    frame: Arc::new(Frame::new(self.width, self.height)),
                    stale: TileSet::all(self.width, self.height),
                });
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = &mut self.slots[index];
        let frame = Arc::get_mut(&mut slot.frame)?;
        draw(frame, &slot.stale);
        slot.stale.clear();
        Some(Arc::clone(&slot.frame))
    }
}
