use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::slots::{Segment, Slots, Visitor},
    asset::AssetId,
    geometry::{Fit, Point, Size},
};

/// A still picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageContent {
    /// The picture: an asset of type `image`.
    pub asset: AssetId,
    /// Size of the box; the picture's own size if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// How the picture is laid into the box.
    #[serde(default)]
    pub fit: Fit,
    /// Which point of the picture meets the same point of the box, as shares: (0.5, 0.5) centres it.
    #[serde(default = "middle")]
    pub focus: Point,
}

pub(super) fn middle() -> Point {
    Point { x: 0.5, y: 0.5 }
}

impl Slots for ImageContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.step("asset", &mut self.asset);
        visitor.step("fit", &mut self.fit);
        self.size.visit(visitor);
        visitor.point(Segment::Name("focus"), &mut self.focus);
    }
}
