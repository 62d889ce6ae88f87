//! Moving pictures: an animated WebP, which browsers show as they show any picture.
//!
//! Each frame holds the smallest rectangle in which it differs from the one before, and one that does not differ makes the
//! one before it last longer. The crate `webp` has an encoder of animations too, but that wants all pictures at once: a
//! minute at 1080p takes 15 GB. Here two pictures and one encoded frame are in memory, however long it gets.

mod area;
mod container;

use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use systems::Picture;
use webp::{Encoder, PixelLayout, WebPConfig, WebPEncodingError};

use self::{
    area::Area,
    container::{Container, EncodedFrame, LONGEST_MS},
};
use super::{file::not_writable, pipeline::OutputError};
use crate::engine::StreamFormat;

/// Of a frame with losses, 0..=100: text stays clean.
const QUALITY: f32 = 80.0;
/// Bytes of the head of a WebP file before its first chunk.
const FILE_HEAD: usize = 12;

/// A moving picture cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum AnimatedWebpError {
    /// The file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A frame cannot be encoded.
    #[error("a frame cannot be encoded as WebP ({0:?}); render it smaller, or into a video file")]
    Encode(WebPEncodingError),
    /// The file has become as large as it can be.
    #[error(
        "a WebP file holds at most 4 GiB, and they are full after {frames} frames; render fewer, smaller ones, or into a \
         video file"
    )]
    Full {
        /// Frames that were pushed before.
        frames: u64,
    },
}

/// A moving picture that is being written, frame by frame. It plays again and again.
pub struct AnimatedWebp {
    file: Container<BufWriter<File>>,
    path: PathBuf,
    /// All of a picture.
    whole: Area,
    fps: u64,
    settings: WebPConfig,
    /// The newest picture: RGBA8.
    shown: Vec<u8>,
    /// The newest frame. How long it is seen is known when there is another.
    waiting: Option<Waiting>,
    /// Pictures that were pushed so far.
    count: u64,
}

struct Waiting {
    frame: EncodedFrame,
    /// When it is seen first, in milliseconds.
    since: u64,
}

impl AnimatedWebp {
    /// Begins a file for pictures of this size and rate; `lossless` keeps every pixel as it is. A file that is there
    /// already is written over.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, format: StreamFormat, lossless: bool) -> Result<Self, AnimatedWebpError> {
        let unusable = |()| AnimatedWebpError::Encode(WebPEncodingError::VP8_ENC_ERROR_INVALID_CONFIGURATION);
        let mut settings = WebPConfig::new().map_err(unusable)?;
        if lossless {
            settings.lossless = 1;
        } else {
            settings.quality = QUALITY;
            // Coloured edges of text and shapes stay sharp.
            settings.use_sharp_yuv = 1;
        }
        let refused = |error: io::Error| not_writable(path, &error);
        let file = BufWriter::new(File::create(path).map_err(refused)?);
        #[expect(clippy::cast_possible_truncation, reason = "frames have at most 3840 pixels a side")]
        let whole = Area { left: 0, top: 0, width: format.width as u32, height: format.height as u32 };
        Ok(Self {
            file: Container::begin(file, whole).map_err(refused)?,
            path: path.to_owned(),
            whole,
            fps: u64::from(format.fps),
            settings,
            shown: Vec::new(),
            waiting: None,
            count: 0,
        })
    }

    /// Adds a picture after the one before. `None` is the same picture once more.
    ///
    /// # Errors
    /// It cannot be encoded, the file is full, or the disk is.
    pub fn push(&mut self, picture: Option<Picture>) -> Result<(), AnimatedWebpError> {
        let (now, end) = (self.time_of(self.count), self.time_of(self.count + 1));
        self.count += 1;
        let Some(waiting) = &self.waiting else {
            if let Some(Picture { data, .. }) = picture {
                let frame = self.encode(self.whole, &data)?;
                self.waiting = Some(Waiting { frame, since: 0 });
                self.shown = data;
            }
            return Ok(());
        };
        let changed = picture.as_ref().and_then(|picture| Area::changed(&self.shown, &picture.data, self.whole.width));
        // Nothing is seen for longer than a frame can say: then there is another, as small as it can be.
        let is_due = end - waiting.since > LONGEST_MS;
        let Some(area) = changed.or(is_due.then_some(Area { width: 1, height: 1, ..self.whole })) else {
            return Ok(());
        };
        let pixels = picture.map_or_else(|| self.shown.clone(), |picture| picture.data);
        let frame = self.encode(area, &pixels)?;
        self.shown = pixels;
        if let Some(before) = self.waiting.replace(Waiting { frame, since: now }) {
            self.write(&before, now)?;
        }
        Ok(())
    }

    /// Ends the file. It plays from here on.
    ///
    /// # Errors
    /// The file or the disk is full.
    pub fn finish(mut self) -> Result<(), AnimatedWebpError> {
        if let Some(last) = self.waiting.take() {
            self.write(&last, self.time_of(self.count))?;
        }
        let Self { file, path, .. } = self;
        Ok(file.finish().map_err(|error| not_writable(&path, &error))?)
    }

    /// When a picture is seen first, in milliseconds: rounded, so that many do not drift.
    fn time_of(&self, picture: u64) -> u64 {
        (picture * 1000 + self.fps / 2) / self.fps
    }

    /// Adds a frame that is seen until then.
    fn write(&mut self, Waiting { frame, since }: &Waiting, until: u64) -> Result<(), AnimatedWebpError> {
        if !self.file.has_room(frame) {
            return Err(AnimatedWebpError::Full { frames: self.count });
        }
        let added = self.file.add(frame, until.saturating_sub(*since).min(LONGEST_MS));
        Ok(added.map_err(|error| not_writable(&self.path, &error))?)
    }

    /// Encodes what lies in `area`. (To make transparent what is as it was would take less room without losses; but a
    /// decoder that blends may make the other pixels darker by one: that of `image` does.)
    fn encode(&self, area: Area, pixels: &[u8]) -> Result<EncodedFrame, AnimatedWebpError> {
        let own: Vec<u8> = area.rows(pixels, self.whole.width).flatten().copied().collect();
        let encoder = Encoder::new(&own, PixelLayout::Rgba, area.width, area.height);
        let file = encoder.encode_advanced(&self.settings).map_err(AnimatedWebpError::Encode)?;
        // An opaque picture is a file of one chunk.
        let chunk = file.get(FILE_HEAD..).unwrap_or_default().to_vec();
        Ok(EncodedFrame { area, chunk })
    }
}
