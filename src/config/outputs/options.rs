//! What some kinds of outputs can be told besides where they send to.

use components::document::{Fault, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{config::destination::Destination, redact::found};

/// When a file is finished, and the stream goes on in the next one, with no frame lost in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "Split")]
pub struct SplitDocument {
    /// After so many seconds, at the next key frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 604_800.0))]
    pub seconds: Option<f64>,
    /// After so many megabytes (1 000 000 bytes) of video and sound, at the next key frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 1_000_000.0))]
    pub megabytes: Option<f64>,
}

/// How pictures of the stream are written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "Thumbnails")]
pub struct ThumbnailsDocument {
    /// Seconds from one to the next; the next key frame after that is the one that is taken.
    #[schemars(range(min = 0.25, max = 86_400.0))]
    pub seconds: f64,
    /// How wide they are in pixels, but never wider than the stream; the height follows.
    #[schemars(range(min = 16, max = 3840))]
    pub width: u32,
    /// How many stay, the newest; `null` for all.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keep: Option<u32>,
}

impl Default for ThumbnailsDocument {
    /// One every ten seconds, and all of them stay.
    fn default() -> Self {
        Self { seconds: 10.0, width: 320, keep: None }
    }
}

/// How the bitrate follows a link that is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Adaptive")]
pub struct AdaptiveDocument {
    /// Kilobits (1000) per second of video below which it is never lowered.
    #[schemars(range(min = 100, max = 100_000))]
    pub min_bitrate: u32,
}

/// All of these. Absent ones are as the kind of output has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutputOptions {
    /// When a file is finished and the next one begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitDocument>,
    /// How pictures are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnails: Option<ThumbnailsDocument>,
    /// How the bitrate follows the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveDocument>,
    /// In which size the stream is sent; in its own if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendition: Option<String>,
}

impl OutputOptions {
    /// Whether `destination` is of the kinds that these are for.
    ///
    /// # Errors
    /// The first that is for another kind.
    pub(super) fn fit(&self, destination: &Destination, renditions: &[String]) -> Result<(), Fault> {
        if let Some(name) = self.rendition.as_ref().filter(|name| !renditions.contains(name)) {
            let known: Vec<String> = renditions.iter().map(|known| format!("`{known}`")).collect();
            return Err(Fault {
                place: None,
                pointer: "/rendition".to_owned(),
                found: found(name),
                expected: match known.as_slice() {
                    [] => "none: STREAM_RENDITIONS names no sizes".to_owned(),
                    known => format!("one of STREAM_RENDITIONS: {}", known.join(", ")),
                },
                nearest: nearest(name, renditions.iter().map(String::as_str)).map(str::to_owned),
            });
        }
        let refused = |pointer: &str, found: &str, expected: &str| {
            Err(Fault {
                place: None,
                pointer: pointer.to_owned(),
                found: format!("{found} of {}", destination.kind()),
                expected: expected.to_owned(),
                nearest: None,
            })
        };
        if self.split.is_some() && !destination.is_recording() {
            return refused("/split", "a split", "none: recordings alone are split");
        }
        if self.thumbnails.is_some() && !destination.is_thumbnails() {
            return refused("/thumbnails", "thumbnails", "none: they go to a file that ends in `.jpg`");
        }
        if self.adaptive.is_some() && !destination.is_url() {
            return refused("/adaptive", "a bitrate that follows the link", "none: a file has no link");
        }
        Ok(())
    }

    /// Takes away those that are not for `destination`, and says why.
    pub(super) fn take_unfit(&mut self, destination: &Destination, renditions: &[String]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut is_unfit =
            |alone: Self| alone.fit(destination, renditions).map_err(|fault| faults.push(fault)).is_err();
        if is_unfit(Self { split: self.split, ..Self::default() }) {
            self.split = None;
        }
        if is_unfit(Self { thumbnails: self.thumbnails, ..Self::default() }) {
            self.thumbnails = None;
        }
        if is_unfit(Self { adaptive: self.adaptive, ..Self::default() }) {
            self.adaptive = None;
        }
        if is_unfit(Self { rendition: self.rendition.clone(), ..Self::default() }) {
            self.rendition = None;
        }
        faults
    }

    /// Whether an output goes on as it is when these become `other`.
    #[must_use]
    pub fn goes_on_with(&self, other: &Self) -> bool {
        (self.split, self.thumbnails, &self.rendition) == (other.split, other.thumbnails, &other.rendition)
    }
}
