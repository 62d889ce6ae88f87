//! What is to be known of a JPEG file before it is decoded.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Seek as _},
};

/// In how many passes a picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JpegScans {
    /// From the top down with all its channels at once: each row is done when it was read.
    One,
    /// Channel by channel, or finer and finer: it is put together only when all was read.
    Several,
}

impl JpegScans {
    /// Reads the header, and goes back to the start. Whatever is not clear counts as several.
    pub(super) fn read(file: &mut BufReader<File>) -> std::io::Result<Self> {
        file.rewind()?;
        let is_one = match is_one_scan(file) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            read => read?,
        };
        file.rewind()?;
        Ok(if is_one { Self::One } else { Self::Several })
    }
}

/// Goes from segment to segment until the first scan. ITU-T T.81, annex B.
fn is_one_scan(file: &mut BufReader<File>) -> std::io::Result<bool> {
    const START: [u8; 2] = [0xff, 0xd8];
    const SCAN: u8 = 0xda;
    /// Frame headers but for those that are baseline or extended sequential, coded by Huffman; other markers of this range
    /// stand for tables.
    const OTHER_FRAMES: std::ops::RangeInclusive<u8> = 0xc2..=0xcf;
    const TABLES: [u8; 2] = [0xc4, 0xcc];
    let mut pair = [0; 2];
    file.read_exact(&mut pair)?;
    let mut channels = None;
    if pair != START {
        return Ok(false);
    }
    loop {
        file.read_exact(&mut pair)?;
        let [0xff, marker] = pair else { return Ok(false) };
        file.read_exact(&mut pair)?;
        let Some(length) = u16::from_be_bytes(pair).checked_sub(2).map(usize::from) else { return Ok(false) };
        match marker {
            0xc0 | 0xc1 => {
                let mut frame = [0; 6];
                file.read_exact(&mut frame)?;
                let Some(rest) = length.checked_sub(frame.len()).filter(|_| channels.is_none()) else {
                    return Ok(false);
                };
                channels = Some(frame[5]);
                skip(file, rest)?;
            }
            SCAN => {
                let mut count = [0];
                file.read_exact(&mut count)?;
                return Ok(channels == Some(count[0]));
            }
            // Fill bytes, markers without a length, and a segment that the decoder reads past the end of.
            0 | 1 | 0xd0..=0xd9 | 0xff => return Ok(false),
            0xe0 if length < 5 => return Ok(false),
            frame if OTHER_FRAMES.contains(&frame) && !TABLES.contains(&frame) => return Ok(false),
            _ => skip(file, length)?,
        }
    }
}

fn skip(file: &mut BufReader<File>, mut bytes: usize) -> std::io::Result<()> {
    while bytes > 0 {
        let there = file.fill_buf()?.len().min(bytes);
        if there == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        file.consume(there);
        bytes -= there;
    }
    Ok(())
}

/// Whether a JPEG file is there to its end; decoders make up the rest of what was cut off. Within the picture's data no
/// end is written but the real one.
pub(super) fn is_whole(file: &mut BufReader<File>) -> std::io::Result<bool> {
    const SCAN: u8 = 0xda;
    const END: u8 = 0xd9;
    let (mut is_ended, mut before) = (false, 0);
    let mut block = [0; 8192];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            break;
        }
        for byte in &block[..count] {
            match (before, *byte) {
                (0xff, END) => is_ended = true,
                (0xff, SCAN) => is_ended = false,
                _ => {}
            }
            before = *byte;
        }
    }
    file.rewind()?;
    Ok(is_ended)
}
