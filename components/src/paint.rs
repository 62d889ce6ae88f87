//! What shapes and letters are filled with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{color::Color, geometry::Point};

/// Stops that a gradient may have.
pub(crate) const MAX_STOPS: usize = 64;

/// One colour, or a gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Paint {
    /// The same colour everywhere.
    Solid(Color),
    /// A gradient over the box of what is painted.
    Gradient(Gradient),
}

impl Default for Paint {
    fn default() -> Self {
        Self::Solid(Color::WHITE)
    }
}

/// A gradient over a box. Points are shares of that box: (0, 0) its top left, (1, 1) its bottom right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Gradient {
    /// Along a line.
    Linear {
        /// Direction in degrees clockwise from upwards, as in CSS: 90 runs to the right, 180 (the default) down.
        /// Like there, the line is as long as it takes for the corners to get the end colours.
        #[serde(default = "downwards")]
        #[schemars(range(min = -1e6, max = 1e6))]
        angle: f64,
        /// Colours along the line, at least two, with rising offsets.
        #[schemars(length(min = 2, max = MAX_STOPS))]
        stops: Vec<GradientStop>,
    },
    /// Outwards from a centre.
    Radial {
        /// Where the first colour stands.
        #[serde(default = "middle")]
        center: Point,
        /// Distance of the last colour, as a share of half the box's longer side.
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1e4))]
        radius: f64,
        /// Colours outwards, at least two, with rising offsets.
        #[schemars(length(min = 2, max = MAX_STOPS))]
        stops: Vec<GradientStop>,
    },
    /// Around a centre.
    Conic {
        /// The centre.
        #[serde(default = "middle")]
        center: Point,
        /// Where the first colour stands, in degrees clockwise from upwards.
        #[serde(default)]
        #[schemars(range(min = -1e6, max = 1e6))]
        angle: f64,
        /// Colours clockwise, at least two, with rising offsets.
        #[schemars(length(min = 2, max = MAX_STOPS))]
        stops: Vec<GradientStop>,
    },
}

impl Gradient {
    /// The stops of any kind of gradient.
    #[must_use]
    pub fn stops(&self) -> &[GradientStop] {
        match self {
            Self::Linear { stops, .. } | Self::Radial { stops, .. } | Self::Conic { stops, .. } => stops,
        }
    }

    /// The name of its type in documents.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Radial { .. } => "radial",
            Self::Conic { .. } => "conic",
        }
    }
}

/// A colour at a place of a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GradientStop {
    /// 0 is the beginning, 1 the end.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub offset: f64,
    /// Colour at that place.
    pub color: Color,
}

fn downwards() -> f64 {
    180.0
}

fn middle() -> Point {
    Point { x: 0.5, y: 0.5 }
}

fn one() -> f64 {
    1.0
}
