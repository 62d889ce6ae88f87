use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    slots::{self, Slots},
    value::{Domain, Kind, Sample},
};
use crate::{content::Content, document::nearest, layer::Opacity, transform::Transform};

/// The name of an animated property: its path in the layer's document, with dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Property(String);

/// A property as it is found without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// That one of the content's [slots](Slots), in their order.
    Content(u32),
}

impl Target {
    /// The properties that every layer has.
    const COMMON: [(&'static str, Self); 14] = [
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
    ];

    /// Whether the property belongs to the content.
    #[must_use]
    pub fn is_content(self) -> bool {
        matches!(self, Self::Content(_))
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

    /// What values the property takes; `None` for those of the content, which say so themselves.
    fn domain(self) -> Option<Domain> {
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
            Self::Content(_) => return None,
        })
    }

    /// The authored value; `None` for those of the content.
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
            Self::Content(_) => return None,
        })
    }
}

/// A property of a certain layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolved {
    /// Where it is.
    pub target: Target,
    /// What values it takes.
    pub domain: Domain,
    /// The authored value if it is the content's.
    content: Option<Sample>,
}

impl Resolved {
    /// The authored value.
    #[must_use]
    pub fn authored(&self, transform: &Transform, opacity: &Opacity) -> Sample {
        self.target.authored(transform, opacity).or(self.content).unwrap_or_default()
    }

    /// The authored value if it is the content's.
    #[must_use]
    pub fn authored_content(&self) -> Option<Sample> {
        self.content
    }
}

/// A layer with that content has no such property that could be animated.
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

    /// Finds the property on a layer with this content.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be animated as the content is.
    pub fn resolve(&self, content: &Content) -> Result<Resolved, UnknownProperty> {
        let common = Target::COMMON.iter().find(|(name, _)| *name == self.0);
        if let Some((target, domain)) = common.and_then(|(_, target)| Some((*target, target.domain()?))) {
            return Ok(Resolved { target, domain, content: None });
        }
        let slots = slots::list(content);
        if let Some(slot) = slots.iter().find(|slot| slot.path == self.0) {
            return match slot.state {
                Ok((domain, value)) => {
                    Ok(Resolved { target: Target::Content(slot.index), domain, content: Some(value) })
                }
                Err(missing) => Err(UnknownProperty {
                    found: format!("`{}`, which is not there to be animated", self.0),
                    expected: format!("{missing} in the content"),
                    nearest: None,
                }),
            };
        }
        let names: Vec<&str> = Target::COMMON
            .iter()
            .map(|(name, _)| *name)
            .chain(slots.iter().filter(|slot| slot.state.is_ok()).map(|slot| slot.path.as_str()))
            .collect();
        Err(UnknownProperty {
            found: format!("`{}`", abridged(&self.0)),
            expected: list(&names),
            nearest: nearest(&self.0, names.iter().copied()).map(str::to_owned),
        })
    }
}

fn abridged(text: &str) -> String {
    const ENOUGH: usize = 80;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn list(names: &[&str]) -> String {
    const ENOUGH: usize = 60;
    let shown = names.iter().take(ENOUGH).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!("one of {shown}{}", if names.len() > ENOUGH { ", …" } else { "" })
}

impl JsonSchema for Property {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Property".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let common = Target::COMMON.map(|(name, _)| name);
        json_schema!({
            "type": "string",
            "description": format!(
                "the path of a property in the layer's document: {}, or a number, length or colour of its content \
                 such as content.fill, content.font.size, content.gradient.stops.0.color",
                common.join(", "),
            ),
            "examples": ["opacity", "transform.position", "transform.rotation", "content.fill"],
        })
    }
}

impl Content {
    /// Writes a value into the slot of that number; whether it was another value before.
    pub fn set_slot(&mut self, index: u32, value: Sample) -> bool {
        slots::write(self as &mut dyn Slots, index, value)
    }
}
