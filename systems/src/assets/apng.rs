//! Composes the frames of an APNG, by the rules of the PNG specification, third edition. `image` restores what was there
//! before a frame wrongly after one that was cleared.

use std::{fs::File, io::BufReader};

use components::animation::Repeat;
use image::{Pixel, Rgba};
use png::{BlendOp, DisposeOp, FrameControl, Reader, Transformations};

use super::{animation::max_frames, decode::Refusal, png_file::open_png};

/// Gives the frames as they are seen.
pub(super) struct Apng {
    reader: Reader<BufReader<File>>,
    pub(super) size: (u32, u32),
    pub(super) repeat: Repeat,
    /// Frames that are still to come.
    left: u32,
    /// Straight RGBA8.
    canvas: Vec<u8>,
    /// What becomes of the last frame, and of what was there before it.
    last: Option<(FrameControl, Vec<u8>)>,
}

impl Apng {
    /// `None` if the picture does not move.
    pub(super) fn new(file: BufReader<File>) -> Result<Option<Self>, Refusal> {
        let transformations = Transformations::normalize_to_color8() | Transformations::ALPHA;
        // One more: the picture for those that show no animation.
        let reader = open_png(file, transformations, |width, height| max_frames(width, height) + 1)?;
        let info = reader.info();
        let Some(control) = info.animation_control().copied() else { return Ok(None) };
        let repeat = if control.num_plays == 0 { Repeat::Forever } else { Repeat::Times(control.num_plays) };
        let size = (info.width, info.height);
        Ok(Some(Self { size, repeat, left: control.num_frames, canvas: Vec::new(), last: None, reader }))
    }

    /// Decodes one frame: what it says about itself, and its pixels.
    fn decode(&mut self) -> Result<(FrameControl, Vec<u8>), String> {
        let read = |reader: &mut Reader<BufReader<File>>| {
            let mut bytes = vec![0; reader.output_buffer_size().ok_or("it is too large")?];
            let output = reader.next_frame(&mut bytes).map_err(|error| error.to_string())?;
            bytes.truncate(output.buffer_size());
            Ok::<_, String>((output, bytes))
        };
        let (mut output, mut bytes) = read(&mut self.reader)?;
        if self.reader.info().frame_control().is_none() {
            // The picture for those that show no animation is not part of it.
            (output, bytes) = read(&mut self.reader)?;
        }
        let control = *self.reader.info().frame_control().ok_or("it has no frames")?;
        let pixels = match output.color_type {
            png::ColorType::Rgba => bytes,
            png::ColorType::GrayscaleAlpha => {
                bytes.chunks_exact(2).flat_map(|gray| [gray[0], gray[0], gray[0], gray[1]]).collect()
            }
            _ => return Err("its colours are of an unknown kind".to_owned()),
        };
        Ok((control, pixels))
    }

    fn compose(&mut self) -> Result<(Vec<u8>, u64), String> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        if self.canvas.is_empty() {
            self.canvas = vec![0; width * height * 4];
        }
        let (control, pixels) = self.decode()?;
        if let Some((last, before)) = self.last.take() {
            match last.dispose_op {
                DisposeOp::None => {}
                DisposeOp::Background => {
                    for row in rows(&last, width) {
                        self.canvas[row].fill(0);
                    }
                }
                DisposeOp::Previous => self.canvas = before,
            }
        }
        let fits = control.x_offset.checked_add(control.width).is_some_and(|right| right <= self.size.0)
            && control.y_offset.checked_add(control.height).is_some_and(|bottom| bottom <= self.size.1)
            && control.width > 0
            && pixels.len() == control.width as usize * control.height as usize * 4;
        if !fits {
            return Err("a frame leaves its picture".to_owned());
        }
        let before = if control.dispose_op == DisposeOp::Previous { self.canvas.clone() } else { Vec::new() };
        for (row, source) in rows(&control, width).zip(pixels.chunks_exact(control.width as usize * 4)) {
            let target = &mut self.canvas[row];
            match control.blend_op {
                BlendOp::Source => target.copy_from_slice(source),
                BlendOp::Over => {
                    for (target, source) in target.as_chunks_mut::<4>().0.iter_mut().zip(source.as_chunks::<4>().0) {
                        let mut mixed = Rgba(*target);
                        mixed.blend(&Rgba(*source));
                        *target = mixed.0;
                    }
                }
            }
        }
        self.last = Some((control, before));
        let unit = if control.delay_den == 0 { 100 } else { control.delay_den };
        Ok((self.canvas.clone(), u64::from(control.delay_num) * 1_000_000 / u64::from(unit)))
    }
}

/// The bytes of each row of a frame on a canvas of this width.
fn rows(frame: &FrameControl, width: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (x, y) = (frame.x_offset as usize, frame.y_offset as usize);
    let length = frame.width as usize * 4;
    (y..y + frame.height as usize).map(move |row| {
        let begin = (row * width + x) * 4;
        begin..begin + length
    })
}

impl Iterator for Apng {
    type Item = Result<(Vec<u8>, u64), String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let frame = self.compose();
        if frame.is_err() {
            self.left = 0;
        }
        Some(frame)
    }
}
