use bevy_ecs::component::Component;

use super::{Drift, Transition, Transitions};
use crate::{
    animation::{
        Parts, Playing, Property, Target,
        drifting::Shown,
        value::{Domain, Kind, Sample},
    },
    layer::Opacity,
    transform::Transform,
};

/// What of a layer moves because somebody changed it; computed from [`Transitions`] and what is authored.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct Drifts {
    /// What the properties were when they were looked at last.
    known: Vec<Known>,
    drifts: Vec<Drift>,
}

/// A property as it is authored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) property: Property,
    pub(crate) target: Target,
    pub(crate) domain: Domain,
    pub(crate) authored: Sample,
}

impl Known {
    fn still(&self) -> Shown {
        Shown::still(self.domain.evenly(self.authored))
    }
}

impl Drifts {
    /// Those of a scene that goes on from where it stood.
    #[must_use]
    pub fn resumed(drifts: Vec<Drift>) -> Self {
        Self { known: Vec::new(), drifts }
    }

    /// Those that have not ended at scene time `now`.
    pub fn left(&self, now: f64) -> impl Iterator<Item = &Drift> {
        self.drifts.iter().filter(move |drift| drift.is_left(now))
    }

    /// All of them, each with what the property is otherwise.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Drift, &Known)> {
        self.drifts
            .iter()
            .filter_map(|drift| Some((drift, self.known.iter().find(|known| known.property == drift.property)?)))
    }

    /// Follows edits that were made at scene time `now`: `before` are the animations that the layer had until then,
    /// `after` those that it has from then on.
    pub fn update(
        &mut self,
        transitions: &Transitions,
        (before, after): (&Playing, &Playing),
        (parts, transform, opacity): (Parts<'_>, &Transform, &Opacity),
        now: f64,
    ) {
        let know = |transition: &Transition| {
            let resolved = transition.property.resolve(parts).ok().filter(|resolved| resolved.stepped().is_none())?;
            let (target, domain) = (resolved.target, resolved.domain);
            let authored = resolved.authored(transform, opacity);
            Some(Known { property: transition.property.clone(), target, domain, authored })
        };
        let mut known = Vec::with_capacity(transitions.0.len());
        let mut drifts = Vec::new();
        for (transition, present) in transitions.0.iter().filter_map(|transition| Some((transition, know(transition)?)))
        {
            let drift = self.drifts.iter().find(|drift| drift.property == present.property);
            let past = self.known.iter().find(|past| past.property == present.property);
            let is_changed = past.is_some_and(|past| {
                past.authored != present.authored || !after.moves_like(before, past.target, present.target)
            });
            match past.filter(|_| is_changed) {
                Some(past) => {
                    let left = drift.map(|drift| drift.compile().at(now)).unwrap_or_default();
                    let was = before.own(past.target, now).unwrap_or_else(|| past.still()).plus(left);
                    let is = after.own(present.target, now).unwrap_or_else(|| present.still());
                    // What is of another kind, or length, cannot be moved from.
                    let suits = past.domain.kind == present.domain.kind
                        && (present.domain.kind != Kind::Length || was.value.is_of_unit_of(is.value));
                    drifts.extend(
                        Some(was.minus(is)).filter(|_| suits).and_then(|left| Drift::new(transition, now, left)),
                    );
                }
                None => drifts.extend(drift.filter(|drift| drift.is_left(now)).cloned()),
            }
            known.push(present);
        }
        *self = Self { known, drifts };
    }
}
