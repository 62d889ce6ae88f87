//! Transitions of pairs: each half moves by itself.
//!
//! What has hold of one half need not have hold of the other, and each can be changed alone, by what animates the pair as by
//! what animates just that half. So a transition of a pair is one of each of its halves that has none of its own.

use std::borrow::Cow;

use super::{Transition, Transitions};
use crate::animation::{Property, Subject, property::Resolved};

/// The transitions of what can be moved on a subject, those of pairs as those of their halves.
pub(super) fn of_each<'t>(transitions: &'t Transitions, subject: Subject<'_>) -> Vec<(Cow<'t, Transition>, Resolved)> {
    let resolve = |property: &Property| property.resolve(subject).ok().filter(Resolved::can_move);
    let mut all = Vec::with_capacity(transitions.0.len());
    for transition in &transitions.0 {
        let Some(resolved) = resolve(&transition.property) else { continue };
        if resolved.target.halves().is_none() {
            all.push((Cow::Borrowed(transition), resolved));
            continue;
        }
        let halves = [0, 1].map(|place| transition.property.half(place));
        for property in halves {
            let has_own = transitions.0.iter().any(|other| other.property == property);
            if let Some(resolved) = resolve(&property).filter(|_| !has_own) {
                all.push((Cow::Owned(Transition { property, ..transition.clone() }), resolved));
            }
        }
    }
    all
}
