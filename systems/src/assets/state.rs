//! What has become of an asset, and what all of them take.

use std::sync::Arc;

use super::{AnimatedImage, AssetError, VectorImage};

/// A decoded picture: premultiplied RGBA8, rows without gaps, turned upright.
#[derive(Clone, Debug, PartialEq)]
pub struct PremultipliedImage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub pixels: Arc<Vec<u8>>,
    /// Whether every pixel is opaque.
    pub opaque: bool,
}

/// What has become of an asset.
#[derive(Clone, Debug)]
pub enum AssetState {
    /// It is being read for the first time.
    Loading,
    /// A picture that can be drawn.
    Image(PremultipliedImage),
    /// A picture that moves by itself.
    Animation(AnimatedImage),
    /// A vector picture.
    Svg(VectorImage),
    /// A font file that was checked.
    Font(Arc<Vec<u8>>),
    /// A sound file that looks like one. Whoever mixes the sound plays it from the file.
    Sound,
    /// Its pixels are not in memory now, but can be; this is its size in pixels, 0 if it was never known.
    #[expect(missing_docs, reason = "the size")]
    Unloaded { width: f64, height: f64 },
    /// It cannot be used.
    Failed(AssetError),
}

impl AssetState {
    /// The size of the picture in pixels, if it is one.
    #[must_use]
    pub fn size(&self) -> Option<(f64, f64)> {
        match self {
            Self::Image(image) => Some((f64::from(image.width), f64::from(image.height))),
            Self::Animation(image) => Some((f64::from(image.width), f64::from(image.height))),
            Self::Svg(image) => Some((f64::from(image.tree.size().width()), f64::from(image.tree.size().height()))),
            Self::Unloaded { width, height } => Some((*width, *height)),
            Self::Loading | Self::Font(_) | Self::Sound | Self::Failed(_) => None,
        }
    }

    pub(super) fn is_decoded(&self) -> bool {
        matches!(self, Self::Image(_) | Self::Animation(_) | Self::Svg(_) | Self::Font(_) | Self::Sound)
    }
}

/// What the assets take and how they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetStats {
    /// Bytes that decoded assets take.
    pub bytes: u64,
    /// Bytes that they may take.
    pub limit: u64,
    /// Assets that cannot be used now.
    pub failed: u64,
    /// Times that a layer came to be seen whose asset was decoded already.
    pub hits: u64,
    /// Times that it was not.
    pub misses: u64,
    /// Assets that had to go to make room.
    pub evictions: u64,
    /// Times that reading an asset failed.
    pub errors: u64,
}
