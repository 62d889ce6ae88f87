//! What becomes of several animations of one property.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Animation, Sample,
    value::{Domain, Kind},
};

/// What an animation does where others animate the same property.
///
/// Those that replace, or append themselves, are played first; those that blend, add or multiply go on top of what comes
/// of it, or of the authored value, in the order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Queue {
    /// From the moment when it begins it decides instead of those before it in the list.
    #[default]
    Replace,
    /// It waits for the end of those before it in the list, and goes on from there.
    Append,
    /// It is mixed with what they make of the property, by its `weight`.
    Blend,
    /// Its value is added: `from` is 0 if absent. Not for colours.
    Add,
    /// Its value is a factor: `from` is 1 if absent. Not for colours; a length keeps its unit.
    Multiply,
}

impl Queue {
    pub(super) fn is_replace(&self) -> bool {
        *self == Self::Replace
    }

    /// Whether it takes the place of those before it, now or later, rather than to go on top of them.
    pub(super) fn takes_its_place(self) -> bool {
        matches!(self, Self::Replace | Self::Append)
    }

    /// Its name in documents.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Blend => "blend",
            Self::Add => "add",
            Self::Multiply => "multiply",
        }
    }

    /// What values an animation of a property of `domain` can have, factors if it multiplies; `None` if it cannot do this to
    /// such a property.
    pub(super) fn values(self, domain: Domain) -> Option<Domain> {
        match self {
            Self::Replace | Self::Append => Some(domain),
            Self::Blend => (domain.kind != Kind::Step).then_some(domain),
            Self::Add => domain.relative(),
            Self::Multiply => {
                let kind = match domain.kind {
                    Kind::Number | Kind::Coordinate | Kind::Length => Kind::Number,
                    Kind::Pair => Kind::Pair,
                    Kind::Scale | Kind::Position => Kind::Scale,
                    Kind::Color | Kind::Step => return None,
                };
                Some(Domain::new(kind, -1e4, 1e4))
            }
        }
    }
}

/// What the values of an animation are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Values {
    /// Those of the property.
    #[default]
    Absolute,
    /// How much more than the authored value; not for colours.
    Offset,
    /// How many times the authored value; not for colours. A length keeps its unit.
    Factor,
}

impl Values {
    pub(super) fn are_absolute(&self) -> bool {
        *self == Self::Absolute
    }

    /// What does to others what these do to the authored value.
    fn queue(self) -> Queue {
        match self {
            Self::Absolute => Queue::Replace,
            Self::Offset => Queue::Add,
            Self::Factor => Queue::Multiply,
        }
    }

    /// Its name in documents.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::Offset => "offset",
            Self::Factor => "factor",
        }
    }

    /// What values an animation of a property of `domain` can have; `None` if there are no such of it.
    pub(super) fn within(self, domain: Domain) -> Option<Domain> {
        self.queue().values(domain)
    }

    /// The property's value that `written` means.
    pub(super) fn value(self, authored: Sample, written: Sample) -> Sample {
        match self {
            Self::Absolute => written,
            Self::Offset => authored.plus(written),
            Self::Factor => authored.times(written),
        }
    }
}

/// What a value does to the one below it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mix {
    Blend(f64),
    Add,
    Multiply,
}

/// How an animation goes on top of others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mixing {
    mix: Mix,
    /// What values the property takes.
    bounds: Domain,
    /// The authored value, which is below if nothing else is.
    authored: Sample,
}

impl Mixing {
    /// Share of the value that is mixed in where no `weight` is given.
    const WEIGHT: f64 = 0.5;

    /// What an animation does to a property; `None` if it takes its place.
    pub(super) fn of(animation: &Animation, bounds: Domain, authored: Sample) -> Option<Self> {
        let mix = match animation.queue {
            Queue::Replace | Queue::Append => return None,
            Queue::Blend => Mix::Blend(animation.weight.unwrap_or(Self::WEIGHT)),
            Queue::Add => Mix::Add,
            Queue::Multiply => Mix::Multiply,
        };
        Some(Self { mix, bounds, authored })
    }

    /// The authored value of the property.
    pub(crate) fn authored(&self) -> Sample {
        self.authored
    }

    /// The value that changes nothing or, for one that blends, the authored one.
    pub(super) fn neutral(&self) -> Sample {
        match (self.mix, self.bounds.kind) {
            (Mix::Blend(_), _) => self.authored,
            (Mix::Add, _) => Sample::default(),
            (Mix::Multiply, Kind::Number | Kind::Coordinate | Kind::Length) => Sample::number(1.0),
            (Mix::Multiply, _) => Sample::pair(1.0, 1.0),
        }
    }

    /// `value` on top of what is below.
    pub(crate) fn over(&self, below: Sample, value: Sample) -> Sample {
        let bounds = self.bounds;
        bounds.clamp(match self.mix {
            Mix::Blend(weight) => {
                bounds.as_written(Sample::between(bounds.evenly(below), bounds.evenly(value), weight))
            }
            Mix::Add => below.plus(value),
            Mix::Multiply => below.times(value),
        })
    }
}
