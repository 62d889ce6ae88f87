//! What the animations of a part of a layer, or of the sound, make of its values.

use std::iter::Peekable;

use smallvec::SmallVec;

use super::{Playback, Playing, places::Places};
use crate::animation::{
    Part, Sample, Target, passage,
    queue::Mixing,
    slots::{self, Slots},
};

impl Playing {
    /// Writes what the animations of a part make of it at scene time `now`; whether anything differs from what was there.
    pub fn apply_to(&self, part: Part, slots: &mut dyn Slots, now: f64) -> bool {
        let mut differs = false;
        for drifting in self.drifting.iter().filter(|drifting| !drifting.is_animated) {
            if let Some((of, slot)) = drifting.target.slot()
                && of == part
                && drifting.target.and_wholes().all(|of| self.first(of).is_none())
            {
                differs |= match &drifting.paint {
                    Some(paint) if drifting.way.is_of_paint() => {
                        slots::repaint(slots, slot, &|slot| passage::copy(paint, slot))
                    }
                    _ => slots::write(slots, slot, drifting.over(drifting.authored, now)),
                };
            }
        }
        // What is written whole comes before what is written within it. The first of each property writes for all: a value
        // that is written over would look like a change.
        let of = |is_whole: bool| self.properties().filter(move |first| self.tracks[*first].track.steps() == is_whole);
        for first in of(true).chain(of(false)) {
            let p = &self.tracks[first];
            let Some((_, slot)) = p.target().slot().filter(|(of, _)| *of == part) else { continue };
            if let Some(pair @ Target::Pair(_, whole)) = self.pair_around(p.target()) {
                let others = std::iter::once(pair).chain(pair.halves().into_iter().flatten());
                if others.into_iter().filter_map(|of| self.first(of)).all(|other| other >= first) {
                    differs |= slots::write(slots, whole, self.paired(pair, now));
                }
            } else if p.track.steps() {
                if let Some(decides) = self.decides(p.target(), now) {
                    differs |= decides.track.step(slots, slot, decides.sample(now));
                }
            } else if !p.rivalled && p.track.mixing().is_none() {
                differs |= slots::write(slots, slot, self.shown(p, now));
            } else {
                differs |= slots::write(slots, slot, self.mixed(p, now));
            }
        }
        self.mix_paints(part, slots, now) | differs
    }

    /// The pair of a part that is animated and a half of which is as well, of which the property is one.
    fn pair_around(&self, target: Target) -> Option<Target> {
        match target {
            Target::Pair(..) => {
                let mut halves = target.halves()?.into_iter();
                halves.any(|half| self.first(half).is_some()).then_some(target)
            }
            Target::Slot(..) => target.wholes().find(|pair| self.first(*pair).is_some()),
            _ => None,
        }
    }

    /// What all animations of a pair of a part and of its halves make of it at scene time `now`.
    fn paired(&self, pair: Target, now: f64) -> Sample {
        let mut value = Sample::default();
        let first_mixing = |of: Target| self.mixing(of).next();
        for (place, half) in pair.halves().iter().flatten().enumerate() {
            let of_half = first_mixing(*half).map(|at| (at, None)).into_iter();
            let first = of_half.chain(first_mixing(pair).map(|at| (at, Some(place)))).min();
            let mixing = first.and_then(|(at, place)| {
                let authored = self.tracks[at].track.mixing()?.authored();
                Some(place.map_or(authored, |place| authored.half(place)))
            });
            let below = self.displayed(*half, now).map(|shown| shown.value).or(mixing).unwrap_or_default();
            value = value.with_half(place, below);
        }
        let mut mixing: SmallVec<[Peekable<Places<'_>>; 3]> = std::iter::once(pair)
            .chain(pair.halves().into_iter().flatten())
            .map(|of| self.mixing(of).peekable())
            .collect();
        let mut next = || {
            let first = mixing.iter_mut().filter_map(|places| places.peek().copied()).min()?;
            mixing.iter_mut().find_map(|places| places.next_if_eq(&first))
        };
        while let Some(p) = next().map(|place| &self.tracks[place]) {
            let Some(mixing) = p.track.mixing() else { continue };
            if p.target() == pair {
                value = mixing.over(value, p.sample(now));
            } else if let Some(place) = p.target().place_in(pair) {
                value = value.with_half(place, mixing.over(value.half(place), p.sample(now)));
            }
        }
        value
    }

    /// What all animations of the property of `first` together make of it at scene time `now`; `first` is the first.
    fn mixed(&self, first: &Playback, now: f64) -> Sample {
        let target = first.target();
        let decides = self.decides(target, now);
        let authored = first.track.mixing().map(Mixing::authored).unwrap_or_default();
        let below = decides.map_or_else(|| self.drifted(target, authored, now), |p| self.shown(p, now));
        let mixing = self.mixing(target).filter_map(|place| {
            let p = &self.tracks[place];
            Some((p, p.track.mixing()?))
        });
        mixing.fold(below, |below, (p, mixing)| mixing.over(below, p.sample(now)))
    }
}
