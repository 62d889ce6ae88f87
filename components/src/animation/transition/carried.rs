//! What animations and timelines that took over carry on.

use std::collections::HashMap;

use super::drift::Drift;
use crate::animation::{Target, timeline::TimelineId};

/// What an animation that took over carries on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    pub(crate) target: Target,
    pub(crate) drift: Drift,
}

/// All that is carried on: of each property at most one thing by each timeline, and by each animation of the layer itself.
#[derive(Debug, Default)]
pub(super) struct AllCarried {
    /// By animations of the layer itself, which are few.
    own: Vec<Carried>,
    of_timelines: Vec<Option<Carried>>,
    /// Where in this list that of each timeline stands.
    places: HashMap<TimelineId, HashMap<Target, usize>>,
}

impl AllCarried {
    /// What a timeline carries on of a property.
    pub(super) fn of_timeline(&self, target: Target, timeline: &TimelineId) -> Option<&Drift> {
        let place = *self.places.get(timeline)?.get(&target)?;
        self.of_timelines[place].as_ref().map(|carried| &carried.drift)
    }

    /// Whether the same that carries on `drift` carries on something of a property already.
    pub(super) fn has_of_carrier_of(&self, target: Target, drift: &Drift) -> bool {
        match drift.timeline() {
            Some(timeline) => self.of_timeline(target, timeline).is_some(),
            None => self.own.iter().any(|other| other.target == target && other.drift.is_of_carrier_of(drift)),
        }
    }

    /// Adds what is carried on of a property, instead of what the same carried on of it before.
    pub(super) fn put(&mut self, target: Target, drift: Drift) {
        let Some(timeline) = drift.timeline() else {
            self.own.retain(|other| other.target != target || !other.drift.is_of_carrier_of(&drift));
            self.own.push(Carried { target, drift });
            return;
        };
        if !self.places.contains_key(timeline) {
            self.places.insert(timeline.clone(), HashMap::new());
        }
        if let Some(known) = self.places.get_mut(timeline)
            && let Some(before) = known.insert(target, self.of_timelines.len())
        {
            self.of_timelines[before] = None;
        }
        self.of_timelines.push(Some(Carried { target, drift }));
    }

    /// Takes away what a timeline carries on of a property.
    pub(super) fn remove(&mut self, target: Target, timeline: &TimelineId) {
        if let Some(place) = self.places.get_mut(timeline).and_then(|known| known.remove(&target)) {
            self.of_timelines[place] = None;
        }
    }

    /// All of it, as it was added.
    pub(super) fn into_list(self) -> Vec<Carried> {
        self.own.into_iter().chain(self.of_timelines.into_iter().flatten()).collect()
    }
}
