//! How one scene gives way to another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::easing::Easing,
    asset::{AssetDocument, AssetId, AssetKind},
    color::Color,
    document::{Fault, nearest},
    geometry::{Fit, Point},
};

/// How one scene gives way to another.
///
/// The scene that leaves goes on moving from where it is, and its triggers act no more; one that leaves in the middle of
/// another transition stands still, as the picture that was seen. The one that comes plays from its beginning. Shares
/// count from the top left of the frame, times in scene seconds. Where an easing shoots over, the transition stands at
/// its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Transition {
    /// From one frame to the next.
    Cut {},
    /// One scene fades into the other.
    Fade {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// A colour that the scene fades into first, and the next one out of; its alpha is ignored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        color: Option<Color>,
    },
    /// The scene that comes slides over the other one.
    Slide {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// Where to it moves.
        #[serde(default)]
        direction: Direction,
    },
    /// The scene that comes pushes the other one out.
    Push {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// Where to both move.
        #[serde(default)]
        direction: Direction,
    },
    /// An edge moves over the frame, behind which the scene that comes is seen.
    Wipe {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// How the edge runs.
        #[serde(default)]
        shape: WipeShape,
        /// Degrees clockwise: where to a line moves, 0 for to the right; where a clock's hand starts, 0 for upwards.
        #[serde(default)]
        #[schemars(range(min = -360.0, max = 360.0))]
        angle: f64,
        /// What a circle or a clock's hand goes around, as shares of the frame.
        #[serde(default = "middle")]
        center: Point,
        /// The other way: a line against its angle, a circle inwards, a clock's hand counterclockwise.
        #[serde(default)]
        reverse: bool,
        /// Width of the edge as a share of the way that it goes; of a clock's hand, of the frame's longer side.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1.0))]
        softness: f64,
    },
    /// The scene that comes grows out of a point, over the other one.
    Scale {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// The point, as shares of the frame.
        #[serde(default = "middle")]
        center: Point,
    },
    /// The scene that leaves is enlarged and fades away, so that one flies through it.
    Zoom {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// Where to one flies, as shares of the frame.
        #[serde(default = "middle")]
        center: Point,
        /// How many times larger it is at the end.
        #[serde(default = "three")]
        #[schemars(range(min = 1.0, max = 20.0))]
        factor: f64,
    },
    /// Grains of noise turn from one scene to the other, each at its own time.
    Dissolve {
        /// How long it takes, and how it goes on.
        #[serde(flatten)]
        pace: Pace,
        /// Side of a grain in pixels of the frame.
        #[serde(default = "one")]
        #[schemars(range(min = 1, max = 256))]
        grain: u32,
        /// Share of the transition during which each grain fades, rather than to turn at once.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1.0))]
        softness: f64,
        /// Which noise it is.
        #[serde(default)]
        seed: u32,
    },
    /// A picture is shown over the scenes, which change while it hides them.
    Stinger {
        /// Seconds that it takes. Waits up to a second for the picture to be loaded before it begins.
        #[serde(default = "one_second")]
        #[schemars(range(min = 0.0, max = 60.0))]
        duration: f64,
        /// The picture: an asset of type `animatedImage`, which plays from its beginning, or `image`, of the scene that
        /// comes.
        asset: AssetId,
        /// When the scenes change, as a share of the duration.
        #[serde(default = "half")]
        #[schemars(range(min = 0.0, max = 1.0))]
        cut_at: f64,
        /// How the picture is laid onto the frame.
        #[serde(default = "cover")]
        fit: Fit,
    },
}

/// How long a transition takes, and how it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// Seconds that it takes.
    #[serde(default = "half_a_second")]
    #[schemars(range(min = 0.0, max = 60.0))]
    pub duration: f64,
    /// How it goes on.
    #[serde(default)]
    pub easing: Easing,
}

impl Default for Pace {
    fn default() -> Self {
        Self { duration: half_a_second(), easing: Easing::default() }
    }
}

/// Where to something moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "directions")]
pub enum Direction {
    #[default]
    Left,
    Right,
    Up,
    Down,
}

/// How the edge of a wipe runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WipeShape {
    /// A straight line from one side to the other.
    #[default]
    Linear,
    /// A circle that grows.
    Radial,
    /// The hand of a clock that goes round once.
    Clock,
}

fn half_a_second() -> f64 {
    0.5
}

fn one_second() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn three() -> f64 {
    3.0
}

fn one() -> u32 {
    1
}

fn middle() -> Point {
    Point { x: 0.5, y: 0.5 }
}

fn cover() -> Fit {
    Fit::Cover
}

impl Default for Transition {
    fn default() -> Self {
        Self::Cut {}
    }
}

impl Transition {
    /// How long it takes and how it goes on, where it has an easing.
    fn pace(&self) -> Option<&Pace> {
        match self {
            Self::Cut {} | Self::Stinger { .. } => None,
            Self::Fade { pace, .. }
            | Self::Slide { pace, .. }
            | Self::Push { pace, .. }
            | Self::Wipe { pace, .. }
            | Self::Scale { pace, .. }
            | Self::Zoom { pace, .. }
            | Self::Dissolve { pace, .. } => Some(pace),
        }
    }

    /// Seconds that it takes.
    #[must_use]
    pub fn duration(&self) -> f64 {
        match self {
            Self::Stinger { duration, .. } => *duration,
            _ => self.pace().map_or(0.0, |pace| pace.duration),
        }
    }

    /// How far it is `elapsed` seconds after its beginning: 0 where nothing of the scene that comes is seen, to 1 where
    /// nothing but it is. `None` once it is over, or if it has not begun.
    #[must_use]
    pub fn progress(&self, elapsed: f64) -> Option<f64> {
        let duration = self.duration();
        // A nanosecond less than a whole duration is a whole one, and one before its beginning is that: scene times are
        // rounded, those of slow timelines more.
        if !(-1e-6..duration - 1e-9).contains(&elapsed) {
            return None;
        }
        let share = elapsed.max(0.0) / duration;
        Some(self.pace().map_or(share, |pace| pace.easing.ease(share).clamp(0.0, 1.0)))
    }

    /// The asset that it shows.
    #[must_use]
    pub fn asset(&self) -> Option<&AssetId> {
        match self {
            Self::Stinger { asset, .. } => Some(asset),
            _ => None,
        }
    }

    /// What is wrong with it in a scene with these assets; the pointer counts from the transition.
    #[must_use]
    pub fn check(&self, assets: &[AssetDocument]) -> Option<Fault> {
        let wanted = self.asset()?;
        let fits = |asset: &&AssetDocument| matches!(asset.kind, AssetKind::Image | AssetKind::AnimatedImage);
        let found = match assets.iter().find(|asset| asset.id == *wanted) {
            Some(asset) if fits(&asset) => return None,
            Some(asset) => format!("`\"{wanted}\"`, which is of type `\"{}\"`", asset.kind.name()),
            None => format!("`\"{wanted}\"`"),
        };
        let near = nearest(wanted.as_str(), assets.iter().filter(fits).map(|asset| asset.id.as_str()));
        Some(Fault {
            place: None,
            pointer: "/asset".to_owned(),
            found,
            expected:
                "the id of an asset of type `\"animatedImage\"` or `\"image\"` in the `assets` of the scene that comes"
                    .to_owned(),
            nearest: near.map(|id| format!("\"{id}\"")),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Transition {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_transition_needs_no_more_than_its_type() {
        for name in ["cut", "fade", "slide", "push", "wipe", "scale", "zoom", "dissolve"] {
            let transition = read(json!({ "type": name }));
            let written = serde_json::to_value(&transition).unwrap();
            assert_eq!(written["type"], name);
            assert_eq!(read(written), transition);
            assert_eq!(transition.duration(), if name == "cut" { 0.0 } else { 0.5 });
        }
        assert_eq!(read(json!({ "type": "stinger", "asset": "swoosh" })).asset().unwrap().as_str(), "swoosh");
        serde_json::from_value::<Transition>(json!({ "type": "cut", "duration": 1 })).unwrap_err();
    }

    #[test]
    fn progress_goes_from_nothing_to_all_and_is_over_on_time() {
        let fade = read(json!({ "type": "fade", "duration": 2, "easing": "easeOutBack" }));
        assert_eq!((fade.progress(-0.1), fade.progress(0.0), fade.progress(2.0)), (None, Some(0.0), None));
        assert_eq!(fade.progress(1.5), Some(1.0), "an easing that shoots over stands at the end");
        assert_eq!(fade.progress(0.1 + 0.2 + 1.7), None, "whatever the rounding");
        assert_eq!(fade.progress(3.9 - (1.3 + 1.3 + 1.3)), Some(0.0), "whatever the rounding");
        assert_eq!(read(json!({ "type": "cut" })).progress(0.0), None);
    }
}
