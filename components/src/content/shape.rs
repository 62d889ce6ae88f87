use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    geometry::Point,
    paint::Paint,
};

/// A vector shape. With neither fill nor stroke it is filled white.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShapeContent {
    /// The outline.
    pub geometry: Geometry,
    /// What it is filled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Paint>,
    /// The line along the outline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stroke: Option<Stroke>,
    /// What is inside where an outline crosses itself.
    #[serde(default)]
    pub fill_rule: FillRule,
}

/// An outline in pixels. The layer's box is the geometry's bounding box without the stroke; coordinates of polygons,
/// lines and paths count from the box's origin, which is the coordinates' own (0, 0).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "width and height in pixels say themselves")]
pub enum Geometry {
    /// A rectangle.
    Rect {
        #[schemars(range(min = 0.0, max = 1e5))]
        width: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        height: f64,
    },
    /// A rectangle with round corners.
    #[serde(rename_all = "camelCase")]
    RoundedRect {
        #[schemars(range(min = 0.0, max = 1e5))]
        width: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        height: f64,
        /// Radius of the corners; at most half the shorter side is used.
        radius: CornerRadii,
    },
    /// An ellipse.
    Ellipse {
        #[schemars(range(min = 0.0, max = 1e5))]
        width: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        height: f64,
    },
    /// A closed polygon.
    Polygon {
        /// Its corners, at least three.
        #[schemars(length(min = 3, max = 10000))]
        points: Vec<Point>,
    },
    /// A regular star, or with equal radii a regular polygon of twice the points, its first point upwards.
    #[serde(rename_all = "camelCase")]
    Star {
        /// How many outer points.
        #[schemars(range(min = 2, max = 200))]
        points: u32,
        #[schemars(range(min = 0.0, max = 1e5))]
        outer_radius: f64,
        #[schemars(range(min = 0.0, max = 1e5))]
        inner_radius: f64,
    },
    /// A straight line; seen only with a stroke.
    Line { from: Point, to: Point },
    /// An SVG path.
    Path {
        /// SVG path data.
        #[schemars(extend("format" = "path"))]
        d: String,
    },
}

/// Radii of the corners of a rectangle: one for all, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CornerRadii {
    /// The same for all corners.
    All(#[schemars(range(min = 0.0, max = 1e5))] f64),
    /// One for each corner.
    Each(EachCorner),
}

/// Radii of the corners of a rectangle, in pixels; 0 where none is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the corners' names")]
pub struct EachCorner {
    #[schemars(range(min = 0.0, max = 1e5))]
    pub top_left: f64,
    #[schemars(range(min = 0.0, max = 1e5))]
    pub top_right: f64,
    #[schemars(range(min = 0.0, max = 1e5))]
    pub bottom_right: f64,
    #[schemars(range(min = 0.0, max = 1e5))]
    pub bottom_left: f64,
}

impl CornerRadii {
    /// The radius of each corner.
    #[must_use]
    pub fn each(self) -> EachCorner {
        match self {
            Self::All(radius) => {
                EachCorner { top_left: radius, top_right: radius, bottom_right: radius, bottom_left: radius }
            }
            Self::Each(each) => each,
        }
    }
}

/// A line along an outline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stroke {
    /// What it is painted with.
    pub paint: Paint,
    /// Its width in pixels, half on each side of the outline.
    #[schemars(range(min = 0.0, max = 1e4))]
    pub width: f64,
    /// How corners look.
    #[serde(default)]
    pub join: Join,
    /// How far a mitred corner may reach, as a multiple of half the width, before it is cut off like a bevel.
    #[serde(default = "miter_limit")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub miter_limit: f64,
    /// How open ends look.
    #[serde(default)]
    pub cap: Cap,
    /// Lengths of dashes and gaps in turn, in pixels; an even number of them, none for an unbroken line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(range(min = 0.0, max = 1e5)))]
    pub dash: Vec<f64>,
    /// Where in the pattern of dashes the line begins, in pixels.
    #[serde(default)]
    #[schemars(range(min = -1e6, max = 1e6))]
    pub dash_offset: f64,
    /// Which part of the outline the line runs along.
    #[serde(default)]
    #[schemars(extend("default" = { "start": 0.0, "end": 1.0 }))]
    pub trim: Trim,
}

/// A part of an outline, as shares of its length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Trim {
    /// Where it begins: 0 is the beginning of the outline, 1 its end.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub start: f64,
    /// Where it ends. Nothing is drawn if that is not behind `start`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub end: f64,
}

impl Trim {
    /// Whether it is all of the outline.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Trim {
    fn default() -> Self {
        Self { start: 0.0, end: 1.0 }
    }
}

fn miter_limit() -> f64 {
    // SVG's.
    4.0
}

/// Corners of a stroke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "SVG's names")]
pub enum Join {
    #[default]
    Miter,
    Round,
    Bevel,
}

/// Ends of a stroke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "SVG's names")]
pub enum Cap {
    #[default]
    Butt,
    Round,
    Square,
}

/// What is inside of an outline that crosses itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "SVG's names")]
pub enum FillRule {
    #[default]
    NonZero,
    EvenOdd,
}

impl Slots for ShapeContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.within(Segment::Name("geometry"), |visitor| self.geometry.visit(visitor));
        match &mut self.fill {
            Some(fill) => fill.visit_as("fill", visitor),
            None => visitor.absent("fill", "a colour in `fill`"),
        }
        Stroke::visit_optional(&mut self.stroke, visitor);
        visitor.step("fillRule", &mut self.fill_rule);
    }
}

impl Stroke {
    /// The values of a `stroke` that may be absent.
    pub(super) fn visit_optional(stroke: &mut Option<Self>, visitor: &mut dyn Visitor) {
        visitor.within(Segment::Name("stroke"), |visitor| match stroke {
            Some(stroke) => {
                stroke.paint.visit_as("paint", visitor);
                visitor.number("width", &mut stroke.width, 0.0, 1e4);
                visitor.step("join", &mut stroke.join);
                visitor.step("cap", &mut stroke.cap);
                visitor.number("miterLimit", &mut stroke.miter_limit, 1.0, 100.0);
                visitor.within(Segment::Name("dash"), |visitor| {
                    for (index, length) in stroke.dash.iter_mut().enumerate() {
                        visitor.number_at(index, length, 0.0, 1e5);
                    }
                });
                visitor.number("dashOffset", &mut stroke.dash_offset, -1e6, 1e6);
                visitor.within(Segment::Name("trim"), |visitor| {
                    visitor.number("start", &mut stroke.trim.start, 0.0, 1.0);
                    visitor.number("end", &mut stroke.trim.end, 0.0, 1.0);
                });
            }
            None => ["paint", "width", "join", "cap", "miterLimit", "dashOffset", "trim.start", "trim.end"]
                .into_iter()
                .for_each(|name| visitor.absent(name, "a `stroke`")),
        });
    }
}

impl Slots for Geometry {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number within its bounds")]
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        const MAX: f64 = 1e5;
        match self {
            Self::Rect { width, height } | Self::Ellipse { width, height } => {
                visitor.number("width", width, 0.0, MAX);
                visitor.number("height", height, 0.0, MAX);
            }
            Self::RoundedRect { width, height, radius } => {
                visitor.number("width", width, 0.0, MAX);
                visitor.number("height", height, 0.0, MAX);
                match radius {
                    CornerRadii::All(radius) => visitor.number("radius", radius, 0.0, MAX),
                    CornerRadii::Each(each) => visitor.within(Segment::Name("radius"), |visitor| {
                        visitor.number("topLeft", &mut each.top_left, 0.0, MAX);
                        visitor.number("topRight", &mut each.top_right, 0.0, MAX);
                        visitor.number("bottomRight", &mut each.bottom_right, 0.0, MAX);
                        visitor.number("bottomLeft", &mut each.bottom_left, 0.0, MAX);
                    }),
                }
            }
            Self::Polygon { points } => visitor.within(Segment::Name("points"), |visitor| {
                for (index, point) in points.iter_mut().enumerate() {
                    visitor.point(Segment::Index(index), point);
                }
            }),
            Self::Star { points, outer_radius, inner_radius } => {
                visitor.whole("points", points, (2.0, 200.0), |points| points as u32);
                visitor.number("outerRadius", outer_radius, 0.0, MAX);
                visitor.number("innerRadius", inner_radius, 0.0, MAX);
            }
            Self::Line { from, to } => {
                visitor.point(Segment::Name("from"), from);
                visitor.point(Segment::Name("to"), to);
            }
            Self::Path { d } => visitor.path("d", d),
        }
    }
}
