//! Writes small animations in each format, so that every way of composing frames can be tried.

use image::{ExtendedColorType, ImageEncoder, codecs::webp::WebPEncoder};

pub(crate) const WIDTH: u32 = 6;
pub(crate) const HEIGHT: u32 = 4;

/// What becomes of a frame when its time is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dispose {
    Keep,
    Background,
    Previous,
}

/// A rectangle of one colour with a hole in its first pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Index into [`COLORS`].
    pub(crate) color: u8,
    pub(crate) dispose: Dispose,
    /// Whether what was there shines through the hole, rather than being cleared by it.
    pub(crate) over: bool,
    /// Hundredths of a second.
    pub(crate) delay: u16,
}

/// The first is transparent.
pub(crate) const COLORS: [[u8; 4]; 4] = [[0; 4], [255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]];

impl Frame {
    pub(crate) fn pixels(&self) -> Vec<[u8; 4]> {
        let mut pixels = vec![COLORS[self.color as usize]; (self.width * self.height) as usize];
        pixels[0] = COLORS[0];
        pixels
    }
}

/// A GIF that plays so often; 0 is for ever.
pub(crate) fn gif(frames: &[Frame], plays: u16) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend((WIDTH as u16).to_le_bytes());
    file.extend((HEIGHT as u16).to_le_bytes());
    // A palette of four colours.
    file.extend([0b1000_0001, 0, 0]);
    COLORS.iter().for_each(|color| file.extend(&color[..3]));
    if plays != 1 {
        file.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
        file.extend(plays.saturating_sub(1).to_le_bytes());
        file.push(0);
    }
    for frame in frames {
        let dispose = match frame.dispose {
            Dispose::Keep => 1,
            Dispose::Background => 2,
            Dispose::Previous => 3,
        };
        file.extend([0x21, 0xf9, 4, dispose << 2 | 1]);
        file.extend(frame.delay.to_le_bytes());
        file.extend([0, 0, 0x2c]);
        for number in [frame.x, frame.y, frame.width, frame.height] {
            file.extend((number as u16).to_le_bytes());
        }
        file.extend([0, 2]);
        // Codes of three bits; a clear code before each pixel keeps them from growing.
        let (mut bits, mut count, mut data) = (0_u32, 0, Vec::new());
        let indices = (0..frame.width * frame.height).map(|n| if n == 0 { 0 } else { u32::from(frame.color) });
        for code in indices.flat_map(|index| [4, index]).chain([5]) {
            bits |= code << count;
            count += 3;
            while count >= 8 {
                data.push(bits as u8);
                bits >>= 8;
                count -= 8;
            }
        }
        data.push(bits as u8);
        for block in data.chunks(255) {
            file.push(block.len() as u8);
            file.extend(block);
        }
        file.push(0);
    }
    file.push(0x3b);
    file
}

/// An APNG that plays so often; 0 is for ever.
pub(crate) fn apng(frames: &[Frame], plays: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [WIDTH.to_be_bytes(), HEIGHT.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]);
    png_chunk(&mut file, *b"IHDR", &header);
    png_chunk(&mut file, *b"acTL", &[(frames.len() as u32).to_be_bytes(), plays.to_be_bytes()].concat());
    let mut sequence = 0_u32;
    let mut next = || {
        sequence += 1;
        (sequence - 1).to_be_bytes()
    };
    for (index, frame) in frames.iter().enumerate() {
        let mut control = next().to_vec();
        [frame.width, frame.height, frame.x, frame.y].iter().for_each(|n| control.extend(n.to_be_bytes()));
        control.extend(frame.delay.to_be_bytes());
        control.extend(100_u16.to_be_bytes());
        control.extend([frame.dispose as u8, u8::from(frame.over)]);
        png_chunk(&mut file, *b"fcTL", &control);
        let rows = frame.pixels();
        let rows: Vec<u8> = rows
            .chunks(frame.width as usize)
            .flat_map(|row| std::iter::once(0).chain(row.as_flattened().iter().copied()).collect::<Vec<_>>())
            .collect();
        let data = stored(&rows);
        if index == 0 {
            png_chunk(&mut file, *b"IDAT", &data);
        } else {
            png_chunk(&mut file, *b"fdAT", &[&next()[..], &data].concat());
        }
    }
    png_chunk(&mut file, *b"IEND", &[]);
    file
}

fn png_chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let checked = [&name[..], data].concat();
    let checksum = checked.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1)))
    });
    file.extend(checked);
    file.extend((!checksum).to_be_bytes());
}

/// A zlib stream that is not compressed.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 1, 1];
    stream.extend((data.len() as u16).to_le_bytes());
    stream.extend((!(data.len() as u16)).to_le_bytes());
    stream.extend(data);
    let (a, b) = data
        .iter()
        .fold((1_u32, 0_u32), |(a, b), byte| ((a + u32::from(*byte)) % 65_521, (a + b + u32::from(*byte)) % 65_521));
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// An animated WebP that plays so often; 0 is for ever. It cannot go back to what was there before a frame, and its
/// frames begin at even columns and rows.
pub(crate) fn webp(frames: &[Frame], plays: u16) -> Vec<u8> {
    let stored = frames.iter().map(|frame| {
        let mut still = Vec::new();
        let pixels = frame.pixels();
        WebPEncoder::new_lossless(&mut still)
            .write_image(pixels.as_flattened(), frame.width, frame.height, ExtendedColorType::Rgba8)
            .unwrap();
        // Behind the RIFF header stands the picture's one chunk.
        (*frame, still.split_off(12))
    });
    webp_of((WIDTH, HEIGHT), stored, plays)
}

/// A square of 16 pixels in orange, about (255, 160, 0), as the chunk of a lossy WebP without alpha.
const ORANGE_SQUARE: [u8; 54] = [
    0x56, 0x50, 0x38, 0x20, 0x2e, 0x00, 0x00, 0x00, 0xd0, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00, 0x02,
    0x80, 0x42, 0x25, 0xa0, 0x02, 0x74, 0xba, 0x01, 0xf8, 0x00, 0x03, 0xb0, 0x00, 0xfe, 0xec, 0x97, 0x8f, 0xfd, 0x8c,
    0xdf, 0xa3, 0x37, 0xe8, 0xcd, 0xfd, 0x80, 0x3f, 0xf9, 0x67, 0xcf, 0xe1, 0xb3, 0xa3, 0x00, 0x00,
];

/// The same for lossy frames without alpha: orange squares of 16 pixels, whatever colour the frames say.
pub(crate) fn lossy_webp(size: (u32, u32), squares: &[Frame]) -> Vec<u8> {
    assert!(squares.iter().all(|frame| (frame.width, frame.height) == (16, 16)));
    webp_of(size, squares.iter().map(|frame| (*frame, ORANGE_SQUARE.to_vec())), 0)
}

/// Of frames with what is stored of each.
fn webp_of(size: (u32, u32), frames: impl Iterator<Item = (Frame, Vec<u8>)>, plays: u16) -> Vec<u8> {
    let mut chunks = Vec::new();
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let mut header = vec![0b1_0010, 0, 0, 0];
    header.extend(three(size.0 - 1));
    header.extend(three(size.1 - 1));
    riff_chunk(&mut chunks, *b"VP8X", &header);
    // A background that must not be seen.
    riff_chunk(&mut chunks, *b"ANIM", &[&[255, 255, 255, 255][..], &plays.to_le_bytes()].concat());
    for (frame, stored) in frames {
        assert!(frame.dispose != Dispose::Previous && frame.x % 2 == 0 && frame.y % 2 == 0);
        let mut data = [frame.x / 2, frame.y / 2, frame.width - 1, frame.height - 1, u32::from(frame.delay) * 10]
            .into_iter()
            .flat_map(three)
            .collect::<Vec<u8>>();
        data.push(u8::from(!frame.over) << 1 | u8::from(frame.dispose == Dispose::Background));
        data.extend(stored);
        riff_chunk(&mut chunks, *b"ANMF", &data);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((chunks.len() as u32 + 4).to_le_bytes());
    file.extend(b"WEBP");
    file.extend(chunks);
    file
}

fn riff_chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend(name);
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}
