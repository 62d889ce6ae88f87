use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::middle;
use crate::{
    animation::{
        Repeat,
        slots::{Segment, Slots, Visitor},
    },
    asset::AssetId,
    geometry::{Fit, Point, Size},
};

/// A picture that moves by itself: GIF, APNG or animated WebP.
///
/// Which of its pictures is seen follows from how long ago its scene began alone, so that any moment can be drawn at once.
/// A scene begins when it comes on air or is loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnimatedImageContent {
    /// The picture: an asset of type `animatedImage`.
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
    /// Seconds after its scene began at which it begins to play; its first picture stands until then. With a negative one
    /// it is under way when the scene begins.
    #[serde(default)]
    #[schemars(range(min = -1e6, max = 1e6))]
    pub start_at: f64,
    /// Rate: 2 is twice as fast, 0 holds the first picture.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub speed: f64,
    /// How often it plays, after which its last picture stays; as often as its file says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

fn one() -> f64 {
    1.0
}

impl Slots for AnimatedImageContent {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.step("asset", &mut self.asset);
        visitor.step("fit", &mut self.fit);
        self.size.visit(visitor);
        visitor.point(Segment::Name("focus"), &mut self.focus);
        visitor.number("startAt", &mut self.start_at, -1e6, 1e6);
    }
}
