//! The sizes and variants in which the stream is encoded besides its own.

use std::fmt;

use components::VariantId;
use serde::{Serialize, Serializer};

use super::values::Resolution;

/// A further size, written as `720p:2500`, or as `720p@clean:2500` if it shows the variant `clean`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenditionSetting {
    /// All before the bitrate as it was written: the name by which outputs ask for it.
    pub name: String,
    /// The size.
    pub resolution: Resolution,
    /// The variant of the scene that it shows, if that is not the stream's own picture.
    pub variant: Option<VariantId>,
    /// Kilobits (1000) per second of video.
    pub bitrate: u32,
}

impl RenditionSetting {
    /// What one looks like, in words.
    pub(super) const EXPECTED: &'static str = "a size and its video bitrate in kbit/s (100 to 100000) such as `720p:2500` or `854x480:1200`, with a variant of \
         the scene as in `720p@clean:2500`";

    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, bitrate) = text.split_once(':')?;
        let (name, bitrate) = (name.trim(), bitrate.trim().parse().ok()?);
        let (size, variant) = name.split_once('@').map_or((name, None), |(size, variant)| (size, Some(variant)));
        let resolution = Resolution::parse(size)?;
        let variant = variant.map(VariantId::new).transpose().ok()?;
        (100..=100_000).contains(&bitrate).then(|| Self { name: name.to_owned(), resolution, variant, bitrate })
    }
}

/// Whether these differ in nothing but bitrates, which can change while the service runs.
pub(super) fn are_alike(some: &[RenditionSetting], others: &[RenditionSetting]) -> bool {
    let names = |settings: &[RenditionSetting]| settings.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    names(some) == names(others)
}

impl fmt::Display for RenditionSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.bitrate)
    }
}

impl Serialize for RenditionSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
