pub(in crate::animation) mod words;

use serde::{Deserialize, Serialize};

use self::words::{NEVER, NEVER_OF_THE_MIX, NEVER_OF_TRACKS, abridged, covers, list};
use super::{
    parts::{Part, Subject},
    slots::{self, Stepped},
    stepping::Between,
    value::{Domain, Kind, ParseValueError, Sample, Value},
};
use crate::{blend::BlendMode, document::nearest, layer::Opacity, paint::Paint, transform::Transform};

/// The name of an animated property: its path in the document of the layer or track, with dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Property(String);

/// A property as it is found without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields of Transform, and theirs")]
pub enum Target {
    Opacity,
    Position,
    PositionX,
    PositionY,
    Anchor,
    AnchorX,
    AnchorY,
    Scale,
    ScaleX,
    ScaleY,
    Rotation,
    Skew,
    SkewX,
    SkewY,
    Blend,
    Visible,
    ZIndex,
    /// That one of the [slots](slots::Slots) of a part, in their order.
    Slot(Part, u32),
    /// The same of a pair; its halves are the two slots after it.
    Pair(Part, u32),
}

impl Target {
    /// The properties that every layer has.
    const COMMON: [(&'static str, Self); 17] = [
        ("opacity", Self::Opacity),
        ("transform.position", Self::Position),
        ("transform.position.x", Self::PositionX),
        ("transform.position.y", Self::PositionY),
        ("transform.anchor", Self::Anchor),
        ("transform.anchor.x", Self::AnchorX),
        ("transform.anchor.y", Self::AnchorY),
        ("transform.scale", Self::Scale),
        ("transform.scale.x", Self::ScaleX),
        ("transform.scale.y", Self::ScaleY),
        ("transform.rotation", Self::Rotation),
        ("transform.skew", Self::Skew),
        ("transform.skew.x", Self::SkewX),
        ("transform.skew.y", Self::SkewY),
        ("blend", Self::Blend),
        ("visible", Self::Visible),
        ("zIndex", Self::ZIndex),
    ];

    /// How many there are besides those of parts.
    pub(super) const OF_POSE: usize = Self::COMMON.len();

    /// The part of the layer that the property belongs to; `None` for transform and opacity.
    #[must_use]
    pub fn part(self) -> Option<Part> {
        match self {
            Self::Slot(part, _) | Self::Pair(part, _) => Some(part),
            _ => None,
        }
    }

    /// The part of the layer that the property belongs to, and its slot there; `None` for transform and opacity.
    #[must_use]
    pub fn slot(self) -> Option<(Part, u32)> {
        match self {
            Self::Slot(part, slot) | Self::Pair(part, slot) => Some((part, slot)),
            _ => None,
        }
    }

    /// The halves of a pair that can be animated by themselves.
    pub(super) fn halves(self) -> Option<[Self; 2]> {
        match self {
            Self::Position => Some([Self::PositionX, Self::PositionY]),
            Self::Anchor => Some([Self::AnchorX, Self::AnchorY]),
            Self::Scale => Some([Self::ScaleX, Self::ScaleY]),
            Self::Skew => Some([Self::SkewX, Self::SkewY]),
            Self::Pair(part, slot) => Some([Self::Slot(part, slot + 1), Self::Slot(part, slot + 2)]),
            _ => None,
        }
    }

    /// The pairs that it can be a half of; which of them there are is known by what is animated.
    pub(super) fn wholes(self) -> impl Iterator<Item = Self> {
        let wholes = match self {
            Self::PositionX | Self::PositionY => [Some(Self::Position), None],
            Self::AnchorX | Self::AnchorY => [Some(Self::Anchor), None],
            Self::ScaleX | Self::ScaleY => [Some(Self::Scale), None],
            Self::SkewX | Self::SkewY => [Some(Self::Skew), None],
            Self::Slot(part, slot) => [1, 2].map(|place| Some(Self::Pair(part, slot.checked_sub(place)?))),
            _ => [None, None],
        };
        wholes.into_iter().flatten()
    }

    /// It, and the pairs that it can be a half of.
    pub(super) fn and_wholes(self) -> impl Iterator<Item = Self> {
        std::iter::once(self).chain(self.wholes())
    }

    /// Whether it is that property, or a half of it.
    pub(super) fn is_of(self, other: Self) -> bool {
        self == other || self.place_in(other).is_some()
    }

    /// The place of a half in a pair; `None` if it is none of it.
    pub(super) fn place_in(self, pair: Self) -> Option<usize> {
        pair.halves()?.iter().position(|half| *half == self)
    }

    /// Whether the layer's picture changes its shape, so that its pixels no longer fall onto the frame's.
    #[must_use]
    pub fn reshapes(self) -> bool {
        matches!(
            self,
            Self::Scale | Self::ScaleX | Self::ScaleY | Self::Rotation | Self::Skew | Self::SkewX | Self::SkewY
        )
    }

    /// Whether the layer's picture changes its place.
    #[must_use]
    pub fn moves(self) -> bool {
        matches!(
            self,
            Self::Position | Self::PositionX | Self::PositionY | Self::Anchor | Self::AnchorX | Self::AnchorY
        )
    }

    /// What values the property takes; `None` for those of parts, which say so themselves.
    pub(super) fn domain(self) -> Option<Domain> {
        Some(match self {
            Self::Opacity => Domain::new(Kind::Number, 0.0, 1.0),
            Self::Position => Domain::new(Kind::Position, -1e6, 1e6),
            Self::PositionX | Self::PositionY => Domain::new(Kind::Coordinate, -1e6, 1e6),
            Self::Anchor | Self::Skew => Domain::new(Kind::Pair, -1e6, 1e6),
            Self::AnchorX | Self::AnchorY | Self::Rotation | Self::SkewX | Self::SkewY => {
                Domain::new(Kind::Number, -1e6, 1e6)
            }
            Self::Scale => Domain::new(Kind::Scale, -1e4, 1e4),
            Self::ScaleX | Self::ScaleY => Domain::new(Kind::Number, -1e4, 1e4),
            Self::Blend | Self::Visible => Domain::STEP,
            Self::ZIndex => Domain::new(Kind::Number, -1e6, 1e6),
            Self::Slot(..) | Self::Pair(..) => return None,
        })
    }

    /// The authored value; `None` for those of parts.
    fn authored(self, transform: &Transform, opacity: &Opacity) -> Option<Sample> {
        let Transform { position, anchor, scale, rotation, skew } = transform;
        Some(match self {
            Self::Opacity => Sample::number(opacity.0),
            Self::Position => Sample::position(*position),
            Self::PositionX => Sample::length(position.x),
            Self::PositionY => Sample::length(position.y),
            Self::Anchor => Sample::pair(anchor.x, anchor.y),
            Self::AnchorX => Sample::number(anchor.x),
            Self::AnchorY => Sample::number(anchor.y),
            Self::Scale => Sample::pair(scale.x, scale.y),
            Self::ScaleX => Sample::number(scale.x),
            Self::ScaleY => Sample::number(scale.y),
            Self::Rotation => Sample::number(*rotation),
            Self::Skew => Sample::pair(skew.x, skew.y),
            Self::SkewX => Sample::number(skew.x),
            Self::SkewY => Sample::number(skew.y),
            Self::Blend | Self::Visible | Self::ZIndex | Self::Slot(..) | Self::Pair(..) => return None,
        })
    }
}

/// A property of a certain layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Where it is.
    pub target: Target,
    /// What values it takes.
    pub domain: Domain,
    /// The authored value if it stands in neither transform nor opacity.
    of_part: Option<Sample>,
    /// The authored value if it is no number.
    stepped: Option<Value>,
    /// What there is between two values that are no numbers.
    between: Between,
}

impl Resolved {
    /// The authored value.
    #[must_use]
    pub fn authored(&self, transform: &Transform, opacity: &Opacity) -> Sample {
        self.target.authored(transform, opacity).or(self.of_part).unwrap_or_default()
    }

    /// The authored value if it stands in neither transform nor opacity.
    #[must_use]
    pub fn authored_in_part(&self) -> Option<Sample> {
        self.of_part
    }

    /// The authored value if it is no number: it steps, since there is nothing between it and another, except for some path
    /// data and gradients.
    #[must_use]
    pub fn stepped(&self) -> Option<&Value> {
        self.stepped.as_ref()
    }

    /// The authored value if it can be a gradient.
    pub(super) fn paint(&self) -> Option<Paint> {
        (self.between == Between::Paints).then_some(())?;
        match &self.stepped {
            Some(value) => value.paint(),
            None => self.of_part.map(|color| Paint::Solid(color.to_color())),
        }
    }

    /// Whether a change of it can be smoothed.
    pub(super) fn can_move(&self) -> bool {
        self.stepped.is_none() || self.between == Between::Paints
    }

    /// What there is between two values of it, if they are no numbers.
    pub(super) fn between(&self) -> Between {
        self.between
    }

    /// The same where its values may be gradients too, if they can be: a colour is one of these paints then.
    pub(super) fn painted(self) -> Self {
        match self.of_part {
            Some(color) if self.between == Between::Paints && self.stepped.is_none() => {
                Self { domain: Domain::STEP, stepped: Some(Value::Color(color.to_color())), ..self }
            }
            _ => self,
        }
    }

    /// Whether a property that is no number can be that value on such a subject.
    ///
    /// # Errors
    /// It cannot.
    pub(super) fn can_be(&self, subject: Subject<'_>, value: &Value) -> Result<(), ParseValueError> {
        match self.target {
            Target::Blend => BlendMode::default().set(value).map(|_| ()),
            Target::Visible => false.set(value).map(|_| ()),
            Target::Slot(part, index) | Target::Pair(part, index) => slots::can_be(subject, part, index, value),
            _ => Ok(()),
        }
    }
}

/// A subject has no such property that could be animated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
pub struct UnknownProperty {
    /// What was found, in words.
    pub found: String,
    /// What there is instead, in words.
    pub expected: String,
    /// The nearest property, if one is near.
    pub nearest: Option<String>,
}

impl Property {
    /// The property of that path.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The path, as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// That one of two within it, from 0.
    pub(super) fn half(&self, place: usize) -> Self {
        Self(format!("{}.{}", self.0, if place == 0 { "x" } else { "y" }))
    }

    /// Whether its values are angles, which are the same after a full turn.
    pub(super) fn is_angle(&self) -> bool {
        ["rotation", "angle", "hue"].iter().any(|angle| self.0.rsplit('.').next() == Some(angle))
    }

    /// Finds the property on a layer of such parts, a track of the sound, or the whole mix.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be animated as they are.
    pub fn resolve<'a>(&self, subject: impl Into<Subject<'a>>) -> Result<Resolved, UnknownProperty> {
        let subject = subject.into();
        let (common, never): (&[_], &[_]) = match subject {
            Subject::Layer(_) => (&Target::COMMON, &NEVER),
            Subject::Track(_) => (&[], &NEVER_OF_TRACKS),
            Subject::Mix(_) => (&[], &NEVER_OF_THE_MIX),
        };
        let known = common.iter().find(|(name, _)| *name == self.0);
        if let Some((target, domain)) = known.and_then(|(_, target)| Some((*target, target.domain()?)))
            && let Subject::Layer(parts) = subject
        {
            let stepped = match target {
                Target::Blend => Some(parts.blend.value()),
                Target::Visible => Some(parts.visible.value()),
                _ => None,
            };
            let of_part = (target == Target::ZIndex).then(|| Sample::number(f64::from(parts.z_index)));
            return Ok(Resolved { target, domain, of_part, stepped, between: Between::Nothing });
        }
        let slots = slots::list(subject);
        if let Some(slot) = slots.iter().find(|slot| slot.path == self.0) {
            return match slot.state {
                Ok((domain, value)) => Ok(Resolved {
                    target: match domain.kind {
                        Kind::Pair => Target::Pair(slot.part, slot.index),
                        _ => Target::Slot(slot.part, slot.index),
                    },
                    domain,
                    of_part: Some(value),
                    stepped: slot.stepped.clone(),
                    between: slot.between,
                }),
                Err(missing) => Err(UnknownProperty {
                    found: format!("`{}`, which is not there to be animated", self.0),
                    expected: format!("{missing} in the content"),
                    nearest: None,
                }),
            };
        }
        let names: Vec<&str> = common
            .iter()
            .map(|(name, _)| *name)
            .chain(slots.iter().filter(|slot| slot.state.is_ok()).map(|slot| slot.path.as_str()))
            .collect();
        if let Some((_, why)) = never.iter().find(|(pattern, _)| covers(pattern, &self.0)) {
            return Err(UnknownProperty {
                found: format!("`{}`, which cannot be animated: {why}", abridged(&self.0)),
                expected: list(&names),
                nearest: None,
            });
        }
        Err(UnknownProperty {
            found: format!("`{}`", abridged(&self.0)),
            expected: list(&names),
            nearest: nearest(&self.0, names.iter().copied()).map(str::to_owned),
        })
    }
}
