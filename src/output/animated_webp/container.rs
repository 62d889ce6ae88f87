//! The file of an animated WebP: RIFF, as the WebP container specification lays it out
//! (<https://developers.google.com/speed/webp/docs/riff_container>). Numbers are little-endian.

use std::io::{self, Seek, SeekFrom, Write};

use super::area::Area;

/// The most that the size in the file's head can say.
const LARGEST: u64 = u32::MAX as u64 - 9;
/// Bytes of a chunk's name and size.
const CHUNK_HEAD: u64 = 8;
/// Bytes that say where a frame lies and for how long it is seen.
const FRAME_HEAD: u32 = 16;
/// The longest that a frame can be seen, in milliseconds: more than four hours.
pub(super) const LONGEST_MS: u64 = (1 << 24) - 1;

/// The file has animation.
const ANIMATION: u8 = 0x02;
/// The frame is laid over the one before as it is, without looking at alpha.
const OPAQUE: u8 = 0x02;

/// A frame that is encoded.
#[derive(Debug)]
pub(super) struct EncodedFrame {
    /// What it covers of the canvas; the rest stays. Its left and top are even.
    pub(super) area: Area,
    /// A chunk `VP8 ` or `VP8L`, filled up to an even length.
    pub(super) chunk: Vec<u8>,
}

/// A file that frames are added to.
#[derive(Debug)]
pub(super) struct Container<W> {
    file: W,
    /// Bytes behind the size in the file's head.
    size: u64,
}

impl<W: Write + Seek> Container<W> {
    /// Begins a file of pictures which all lie in `whole`. It plays again and again.
    pub(super) fn begin(mut file: W, whole: Area) -> io::Result<Self> {
        let mut head = Vec::from(*b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0");
        head.extend([ANIMATION, 0, 0, 0]);
        head.extend(bits24(whole.width - 1));
        head.extend(bits24(whole.height - 1));
        // Behind the pictures it is black and opaque; without end.
        head.extend(*b"ANIM\x06\0\0\0\0\0\0\xff\0\0");
        file.write_all(&head)?;
        Ok(Self { file, size: head.len() as u64 - CHUNK_HEAD })
    }

    /// Whether the file has room for `frame`.
    pub(super) fn has_room(&self, frame: &EncodedFrame) -> bool {
        self.size + CHUNK_HEAD + u64::from(FRAME_HEAD) + frame.chunk.len() as u64 <= LARGEST
    }

    /// Adds a frame which is seen for so long. The caller has seen that there is room, and that the time is not more than
    /// [`LONGEST_MS`].
    #[expect(clippy::cast_possible_truncation, reason = "there is room: nothing is longer than 32 bits say")]
    pub(super) fn add(&mut self, frame: &EncodedFrame, milliseconds: u64) -> io::Result<()> {
        let mut head = Vec::from(*b"ANMF");
        head.extend((FRAME_HEAD + frame.chunk.len() as u32).to_le_bytes());
        let Area { left, top, width, height } = frame.area;
        for number in [left / 2, top / 2, width - 1, height - 1, milliseconds as u32] {
            head.extend(bits24(number));
        }
        head.push(OPAQUE);
        self.file.write_all(&head)?;
        self.file.write_all(&frame.chunk)?;
        self.size += (head.len() + frame.chunk.len()) as u64;
        Ok(())
    }

    /// Ends the file. It plays from here on.
    #[expect(clippy::cast_possible_truncation, reason = "nothing was added for which there was no room")]
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(4))?;
        self.file.write_all(&(self.size as u32).to_le_bytes())?;
        self.file.flush()
    }
}

fn bits24(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_file_that_would_be_too_large_has_no_room() {
        let area = Area { left: 0, top: 0, width: 16, height: 16 };
        let mut container = Container::begin(Cursor::new(Vec::new()), area).unwrap();
        let frame = EncodedFrame { area, chunk: vec![0; 100] };
        assert!(container.has_room(&frame));
        container.size = LARGEST - 124;
        assert!(container.has_room(&frame));
        container.size += 1;
        assert!(!container.has_room(&frame));
    }
}
