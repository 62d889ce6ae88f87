//! How carefully pictures are made.

use bevy_ecs::resource::Resource;
use schemars::JsonSchema;
use serde::Serialize;

/// How carefully something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    /// Fastest.
    Low,
    /// Between.
    Medium,
    /// Best.
    #[default]
    High,
}

/// How carefully the parts of a picture are made. While it stays the same, so does the picture of the same scene at the
/// same time. When it falls, what was drawn better before stays.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderQuality {
    /// How precisely effects are drawn.
    pub effects: Quality,
    /// How carefully layers are sampled where they are laid onto the frame.
    pub sampling: Quality,
}

/// What of [`RenderQuality`] makes a difference to the present picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityStakes {
    /// Whether a layer that is seen has effects.
    pub effects: bool,
    /// Whether a layer that is seen moves, or is not laid down pixel on pixel.
    pub sampling: bool,
}

impl QualityStakes {
    /// Those of a picture of which nothing is known.
    pub const ALL: Self = Self { effects: true, sampling: true };

    /// Whether a picture looks different, or takes other work, at one quality and at the other.
    #[must_use]
    pub fn tell_apart(self, one: RenderQuality, other: RenderQuality) -> bool {
        self.effects && one.effects != other.effects || self.sampling && one.sampling != other.sampling
    }
}

impl RenderQuality {
    /// The same for everything.
    #[must_use]
    pub fn all(quality: Quality) -> Self {
        Self { effects: quality, sampling: quality }
    }
}

impl Quality {
    /// Standard deviation in raster pixels beyond which a blurred picture is drawn smaller and enlarged.
    pub(crate) fn soft(self) -> f64 {
        match self {
            Self::Low => 4.0,
            Self::Medium => 10.0,
            Self::High => 24.0,
        }
    }

    /// Whether layers that move stand between pixels, rather than on the nearest whole ones.
    pub(crate) fn moves_between_pixels(self) -> bool {
        self > Self::Low
    }
}
