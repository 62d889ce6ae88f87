//! Composes the frames of an animated WebP, by Google's "WebP Container Specification". `image-webp` 0.2.4 clears frames
//! without alpha in the wrong place.

use std::{
    fs::File,
    io::{BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom},
};

use components::animation::Repeat;
use image::{ImageDecoder, codecs::webp::WebPDecoder};

use super::{
    composed::{Composer, Disposal, OUTSIDE, Part},
    decode::decoder_limits,
    still::spread,
};

/// Bytes of a frame's chunk before its picture.
const FRAME_HEAD: u64 = 16;
/// Flags of the whole file.
const IS_ANIMATED: u8 = 1 << 1;
/// Flags of a frame.
const CLEARS: u8 = 1;
const REPLACES: u8 = 1 << 1;

/// Gives the frames as they are seen.
pub(super) struct WebP {
    file: BufReader<File>,
    pub(super) size: (u32, u32),
    pub(super) repeat: Repeat,
    /// Bytes of the largest frame as it is stored.
    pub(super) largest: u64,
    /// Where the chunk of each frame that is still to come lies behind its head of eight bytes, and its length; the next
    /// one last.
    frames: Vec<(u64, u64)>,
    composer: Composer,
}

impl WebP {
    /// `None` if the picture does not move. The file is a WebP of this length in bytes.
    pub(super) fn new(mut file: BufReader<File>, length: u64) -> std::io::Result<Option<Self>> {
        let (mut size, mut repeat, mut is_animated) = (None, Repeat::Forever, false);
        let mut frames = Vec::new();
        let mut at = 12;
        while at + 8 <= length {
            file.seek(SeekFrom::Start(at))?;
            let head: [u8; 8] = read(&mut file)?;
            let [a, b, c, d, sizes @ ..] = head;
            let (begin, bytes) = (at + 8, u64::from(u32::from_le_bytes(sizes)));
            if begin + bytes > length {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match &[a, b, c, d] {
                b"VP8X" => {
                    let [flags, _, _, _, extent @ ..]: [u8; 10] = read(&mut file)?;
                    is_animated = flags & IS_ANIMATED != 0;
                    size = Some((three(extent, 0) + 1, three(extent, 3) + 1));
                }
                // What the file says about its background does not count, as in browsers.
                b"ANIM" => {
                    let [_, _, _, _, times @ ..]: [u8; 6] = read(&mut file)?;
                    let times = u32::from(u16::from_le_bytes(times));
                    repeat = if times == 0 { Repeat::Forever } else { Repeat::Times(times) };
                }
                b"ANMF" => frames.push((begin, bytes)),
                _ => {}
            }
            at = begin + bytes + bytes % 2;
        }
        let Some(size) = size.filter(|_| is_animated) else { return Ok(None) };
        let largest = frames.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
        frames.reverse();
        Ok(Some(Self { file, size, repeat, largest, frames, composer: Composer::new(size) }))
    }

    fn compose(&mut self, begin: u64, bytes: u64) -> Result<(Vec<u8>, u64), String> {
        let failed = |error: std::io::Error| error.to_string();
        self.file.seek(SeekFrom::Start(begin)).map_err(failed)?;
        let head: [u8; FRAME_HEAD as usize] = read(&mut self.file).map_err(failed)?;
        let bytes = bytes.checked_sub(FRAME_HEAD).ok_or("a frame is too short")?;
        let flags = head[15];
        let part = Part {
            x: three(head, 0) * 2,
            y: three(head, 3) * 2,
            width: three(head, 6) + 1,
            height: three(head, 9) + 1,
            disposal: if flags & CLEARS != 0 { Disposal::Clear } else { Disposal::Keep },
            is_over: flags & REPLACES == 0,
        };
        // Before anything as large as it says is asked for.
        if !self.composer.holds(part) {
            return Err(OUTSIDE.to_owned());
        }
        let mut chunks = Vec::new();
        self.file.by_ref().take(bytes).read_to_end(&mut chunks).map_err(failed)?;
        let pixels = decode(&chunks, (part.width, part.height))?;
        Ok((self.composer.draw(part, &pixels)?, u64::from(three(head, 12)) * 1000))
    }
}

/// The pixels (straight RGBA8) of a frame of this size, of which these are the chunks: a picture, and perhaps its alpha
/// before it.
fn decode(chunks: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, String> {
    const OTHER_SIZE: &str = "a frame is of another size than it says";
    let failed = |error: image::ImageError| error.to_string();
    let mut file = Vec::with_capacity(chunks.len() + 30);
    file.extend(b"RIFF\0\0\0\0WEBP");
    if chunks.starts_with(b"ALPH") {
        // Only what says that it is extended may have its alpha apart.
        file.extend(b"VP8X\x0a\0\0\0\x10\0\0\0");
        file.extend(&(width - 1).to_le_bytes()[..3]);
        file.extend(&(height - 1).to_le_bytes()[..3]);
    }
    file.extend(chunks);
    let length = u32::try_from(file.len() - 8).map_err(|_| "a frame is too large")?;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(failed)?;
    decoder.set_limits(decoder_limits()).map_err(failed)?;
    if decoder.dimensions() != (width, height) {
        return Err(OTHER_SIZE.to_owned());
    }
    let pixels = width as usize * height as usize;
    let channels = usize::from(decoder.color_type().channel_count());
    let mut bytes = vec![0; pixels * 4];
    let read = bytes.get_mut(..pixels * channels).ok_or("its colours are of an unknown kind")?;
    decoder.read_image(read).map_err(failed)?;
    spread(&mut bytes, pixels, channels);
    Ok(bytes)
}

/// A number of three bytes.
fn three<const N: usize>(bytes: [u8; N], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0])
}

fn read<const N: usize>(file: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Iterator for WebP {
    type Item = Result<(Vec<u8>, u64), String>;

    fn next(&mut self) -> Option<Self::Item> {
        let (begin, bytes) = self.frames.pop()?;
        let frame = self.compose(begin, bytes);
        if frame.is_err() {
            self.frames.clear();
        }
        Some(frame)
    }
}
