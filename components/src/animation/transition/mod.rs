//! Implicit transitions: how a property moves when somebody changes it.

mod beginning;
mod beneath;
mod carried;
mod drift;
mod drifts;
mod halves;
mod handover;
mod kept;
mod taker;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::drift::{Carrier, Way};
pub use self::{drift::Drift, drifts::Drifts};
use super::{AnimationStarts, Cues, Easing, Parts, Playing, Property, Spring, Turn};
use crate::document::{Fault, shown_number};

/// How changes of a layer's properties are smoothed.
///
/// When an edit, or a trigger, changes a property that stands here, or its animations, it moves from the value and with
/// the velocity that it has at that moment to what it is to be from then on. While a timeline has hold of the property
/// nothing is to be seen of that; one that waits, or stands where it begins, has not. Where a timeline is cancelled over
/// another one, the property moves to what that makes of it. A transition that is new holds for the changes after it; one that is taken away ends
/// at once what it moves.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[require(AnimationStarts, Playing, Cues, Drifts)]
pub struct Transitions(#[schemars(length(max = 64))] pub Vec<Transition>);

/// How one property moves when somebody changes it: by `duration` and `easing`, or by a `spring`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// What moves: `opacity`, `transform.position`, `content.fill`, … That of a pair moves
    /// each of its halves, whatever has changed that, but for one that stands here itself; else none can stand beside one
    /// within it, as `content.gradient.angle` is in `content.gradient`.
    pub property: Property,
    /// Seconds that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1e6))]
    pub duration: Option<f64>,
    /// How it goes; `ease` if absent. What is still moving when it is changed again follows this only after the first
    /// third of the time, at most half a second, in which its velocity turns smoothly into that of the easing.
    #[serde(default = "ease")]
    pub easing: Easing,
    /// What pulls it to the new value, instead of `duration` and `easing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spring: Option<Spring>,
    /// Which way an angle turns to its new value.
    #[serde(default, skip_serializing_if = "Turn::is_as_written")]
    #[schemars(extend("default" = "asWritten"))]
    pub rotate: Turn,
}

fn ease() -> Easing {
    Easing::Ease
}

/// What is wrong with the transitions of a layer of such parts, with pointers from the list on.
#[must_use]
pub fn check_transitions<'a>(transitions: &[Transition], parts: impl Into<Parts<'a>>) -> Vec<Fault> {
    let parts = parts.into();
    let mut faults = Vec::new();
    for (index, transition) in transitions.iter().enumerate() {
        let mut fault = |part: &str, found: String, expected: &str, nearest: Option<String>| {
            let (pointer, expected) = (format!("/{index}{part}"), expected.to_owned());
            faults.push(Fault { place: None, pointer, found, expected, nearest });
        };
        let resolved = transition.property.resolve(parts);
        let steps = resolved.as_ref().is_ok_and(|resolved| !resolved.can_move());
        if let Err(unknown) = resolved {
            fault("/property", unknown.found, &unknown.expected, unknown.nearest);
        } else if steps {
            let found = format!("`{}`, which has nothing in between to move through", transition.property);
            fault("/property", found, "a number, a length, a colour, a gradient or a pair", None);
        } else if transitions[..index].iter().any(|other| other.property == transition.property) {
            let found = format!("a second transition of `{}`", transition.property);
            fault("/property", found, "one for each property", None);
        } else if let Some(other) = transitions[..index].iter().find(|other| overlap(transition, other, parts)) {
            let [own, other] = [transition, other].map(|transition| transition.property.as_str());
            let found = format!("`{own}` beside `{other}`: one is within the other, and would move twice");
            fault("/property", found, "only one of the two", None);
        }
        if transition.rotate != Turn::AsWritten && !transition.property.is_angle() {
            let found = format!("`rotate` for `{}`", transition.property);
            fault("/rotate", found, "no `rotate`, which is for angles such as `transform.rotation`", None);
        }
        match (transition.duration, &transition.spring) {
            (None, None) => {
                let expected = "seconds in `duration`, or a `spring`";
                fault("", "neither `duration` nor `spring`".to_owned(), expected, None);
            }
            (Some(_), Some(_)) => {
                let expected = "no `duration`: how long a spring takes follows from it (it can have one within)";
                fault("/duration", "`duration` beside `spring`".to_owned(), expected, None);
            }
            (Some(duration), None) if !(0.001..=1e6).contains(&duration) => {
                fault("/duration", shown_number(duration), "seconds from 0.001 to 1000000", None);
            }
            _ => {}
        }
        if let Some(spring) = &transition.spring {
            if transition.easing != Easing::Ease {
                fault("/easing", "`easing` beside `spring`".to_owned(), "only one of them", None);
            }
            faults.extend(spring.check(&format!("/{index}/spring")));
        }
    }
    faults
}

/// Whether one moves what is within the other. That of a pair leaves each half to that which it has of its own.
fn overlap(one: &Transition, other: &Transition, parts: Parts<'_>) -> bool {
    let (one, other) = (&one.property, &other.property);
    let is_within = |inner: &Property, outer: &Property| {
        inner.as_str().strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('.'))
    };
    if !is_within(one, other) && !is_within(other, one) {
        return false;
    }
    let target = |property: &Property| property.resolve(parts).ok().map(|resolved| resolved.target);
    let (Some(one), Some(other)) = (target(one), target(other)) else { return false };
    one != other && one.place_in(other).is_none() && other.place_in(one).is_none()
}

#[cfg(test)]
mod tests;
