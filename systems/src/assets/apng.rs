//! Composes the frames of an APNG, by the rules of the PNG specification, third edition. `image` restores what was there
//! before a frame wrongly after one that was cleared.

use std::{fs::File, io::BufReader};

use components::animation::Repeat;
use png::{BlendOp, DisposeOp, FrameControl, Reader, Transformations};

use super::{
    animation::max_frames,
    composed::{Composer, Disposal, Part},
    decode::Refusal,
    png_file::open_png,
};

/// Gives the frames as they are seen.
pub(super) struct Apng {
    reader: Reader<BufReader<File>>,
    pub(super) size: (u32, u32),
    pub(super) repeat: Repeat,
    /// Frames that are still to come.
    left: u32,
    composer: Composer,
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
        let composer = Composer::new(size);
        Ok(Some(Self { size, repeat, left: control.num_frames, composer, reader }))
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
        let (control, pixels) = self.decode()?;
        let part = Part {
            x: control.x_offset,
            y: control.y_offset,
            width: control.width,
            height: control.height,
            disposal: match control.dispose_op {
                DisposeOp::None => Disposal::Keep,
                DisposeOp::Background => Disposal::Clear,
                DisposeOp::Previous => Disposal::Restore,
            },
            is_over: control.blend_op == BlendOp::Over,
        };
        let picture = self.composer.draw(part, &pixels)?;
        let unit = if control.delay_den == 0 { 100 } else { control.delay_den };
        Ok((picture, u64::from(control.delay_num) * 1_000_000 / u64::from(unit)))
    }
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
