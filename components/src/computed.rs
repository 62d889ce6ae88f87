//! What systems work out from the authored components, each tick anew where something changed.

use bevy_ecs::{component::Component, entity::Entity};
use kurbo::{Affine, Vec2};

use crate::{blend::BlendMode, content::Content, effects::Effects, mask::Mask};

/// Authored transform and opacity with animation applied.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Position of the anchor in pixels of the parent, percentages resolved except for `position_percent`.
    pub position: Vec2,
    /// The part of the position that is in percent of the canvas, added to `position`.
    pub position_percent: Vec2,
    /// The anchor as a share of the layer's box.
    pub anchor: Vec2,
    /// Scale factors.
    pub scale: Vec2,
    /// Radians clockwise.
    pub rotation: f64,
    /// Skew along x and y in radians.
    pub skew: Vec2,
    /// 0..1.
    pub opacity: f64,
    /// Whether an animation that is playing at this moment changes scale, rotation or skew. Pictures of such a layer
    /// are not redrawn for each step, but sampled from a cache of a nearby size.
    pub reshaping: bool,
    /// Whether an animation that is playing at this moment changes position or anchor. Pictures of such a layer stand
    /// between pixels where it takes them, those of others on whole pixels.
    pub moving: bool,
    /// How the layer mixes with what is below, if an animation says so.
    pub blend: Option<BlendMode>,
    /// Whether the layer is drawn at all, if an animation says so.
    pub visible: Option<bool>,
    /// How far in front the layer stands, if an animation says so.
    pub z_index: Option<i32>,
}

impl Default for Pose {
    fn default() -> Self {
        Self {
            position: Vec2::ZERO,
            position_percent: Vec2::ZERO,
            anchor: Vec2::ZERO,
            scale: Vec2::new(1.0, 1.0),
            rotation: 0.0,
            skew: Vec2::ZERO,
            opacity: 1.0,
            reshaping: false,
            moving: false,
            blend: None,
            visible: None,
            z_index: None,
        }
    }
}

/// The content with animation applied; `None` while nothing animates the content, the authored one then counts.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct AnimatedContent(pub Option<Content>);

/// The effects with animation applied.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct ShownEffects {
    /// All of them, those that are not animated too.
    pub effects: Effects,
}

impl std::ops::Deref for ShownEffects {
    type Target = Effects;

    fn deref(&self) -> &Effects {
        &self.effects
    }
}

/// The mask with animation applied.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct ShownMask(pub Option<Mask>);

/// Size of a layer's box in its own pixels, before any transform. Zero for groups and for pictures not loaded yet.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
}

/// Where a layer lies on the frame.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// From pixels of the layer's box to pixels of the frame.
    pub affine: Affine,
    /// The nearest group around the layer that is drawn as a picture of its own, for its effects or to be a mask.
    pub picture: Option<Entity>,
    /// From pixels of the layer's box to those of that group's box; to pixels of the frame if there is none.
    pub within: Affine,
    /// Opacity of this layer within its group, 0..1; the group's own is applied to the group as a whole.
    pub opacity: f64,
    /// Whether the layer and all groups around it are visible with an opacity above zero.
    pub visible: bool,
    /// Whether this layer or a group around it, as far as `picture`, is [`Pose::reshaping`].
    pub reshaping: bool,
    /// Whether this layer or a group around it, as far as `picture`, is [`Pose::moving`].
    pub moving: bool,
    /// Whether the layer itself is hidden, whatever the groups around it are.
    pub hidden: bool,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// How far in front it stands among its siblings, if an animation says so; else as it is authored.
    pub z_index: Option<i32>,
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            affine: Affine::IDENTITY,
            picture: None,
            within: Affine::IDENTITY,
            opacity: 1.0,
            visible: false,
            reshaping: false,
            moving: false,
            hidden: false,
            blend: BlendMode::Normal,
            z_index: None,
        }
    }
}

/// A rectangle of whole pixels of the frame: `x0` and `y0` inclusive, `x1` and `y1` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "described above")]
pub struct PixelRect {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl PixelRect {
    /// The rectangle that contains no pixel.
    pub const EMPTY: Self = Self { x0: 0, y0: 0, x1: 0, y1: 0 };

    /// A rectangle from its edges.
    #[must_use]
    pub const fn new(x0: i32, y0: i32, x1: i32, y1: i32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Whether it contains no pixel.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }

    /// Columns.
    #[must_use]
    pub const fn width(self) -> i32 {
        if self.is_empty() { 0 } else { self.x1 - self.x0 }
    }

    /// Rows.
    #[must_use]
    pub const fn height(self) -> i32 {
        if self.is_empty() { 0 } else { self.y1 - self.y0 }
    }

    /// The pixels in both.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        let both = Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        };
        if both.is_empty() { Self::EMPTY } else { both }
    }

    /// The smallest rectangle with the pixels of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            other
        } else if other.is_empty() {
            self
        } else {
            Self {
                x0: self.x0.min(other.x0),
                y0: self.y0.min(other.y0),
                x1: self.x1.max(other.x1),
                y1: self.y1.max(other.y1),
            }
        }
    }

    /// Whether all pixels of `other` are in this one.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        other.is_empty() || (self.x0 <= other.x0 && self.y0 <= other.y0 && self.x1 >= other.x1 && self.y1 >= other.y1)
    }

    /// The same rectangle in coordinates.
    #[must_use]
    pub fn to_rect(self) -> kurbo::Rect {
        kurbo::Rect::new(f64::from(self.x0), f64::from(self.y0), f64::from(self.x1), f64::from(self.y1))
    }

    /// The smallest rectangle of whole pixels that contains `rect`, saturating far outside of any frame.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "float to int casts saturate, which is what is wanted")]
    pub fn around(rect: kurbo::Rect) -> Self {
        let clamp = |v: f64| v.clamp(-1e8, 1e8);
        let rect = Self {
            x0: clamp(rect.x0.floor()) as i32,
            y0: clamp(rect.y0.floor()) as i32,
            x1: clamp(rect.x1.ceil()) as i32,
            y1: clamp(rect.y1.ceil()) as i32,
        };
        if rect.is_empty() { Self::EMPTY } else { rect }
    }
}
