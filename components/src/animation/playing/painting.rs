//! Colours and gradients that go on from what was shown when somebody changed them.

use super::Playing;
use crate::{
    animation::{
        Part, Target,
        slots::{self, Slots},
    },
    paint::Paint,
};

impl Playing {
    /// Whether animations of a property have values that are no numbers.
    pub(crate) fn steps(&self, target: Target) -> bool {
        match &self.index {
            None => self.tracks.iter().any(|p| p.target() == target && p.track.steps()),
            Some(index) => index.get(target).is_some_and(|listed| listed.steps),
        }
    }

    /// The colour or gradient that is shown of a property at scene time `now`; `None` if that is just what is authored.
    pub(crate) fn paint(&self, target: Target, now: f64) -> Option<Paint> {
        let drifting = self.drifting.iter().rev().find(|drifting| drifting.target == target);
        if let Some(p) = self.decides(target, now) {
            let mut paint = match p.track.has_paints() {
                true => p.paint(now)?,
                false => Paint::Solid(self.shown(p, now).to_color()),
            };
            if let Some(drifting) = drifting.filter(|drifting| drifting.is_over(p, now)) {
                drifting.way.mix(&mut paint, now);
            }
            return Some(paint);
        }
        let drifting = drifting?;
        if !drifting.way.is_of_paint() {
            return Some(Paint::Solid(drifting.over(drifting.authored, now).to_color()));
        }
        let mut paint = drifting.paint.clone()?;
        drifting.way.mix(&mut paint, now);
        Some(paint)
    }

    /// Makes the paints of a part, which are as they are by themselves, what is shown of them; whether any is another then.
    pub(super) fn mix_paints(&self, part: Part, slots: &mut dyn Slots, now: f64) -> bool {
        let mut differs = false;
        for p in self.properties().map(|first| &self.tracks[first]).filter(|p| p.track.has_paints()) {
            if let Some((_, slot)) = p.target().slot().filter(|(of, _)| *of == part)
                && let Some(decides) = self.decides(p.target(), now)
            {
                differs |= slots::repaint(slots, slot, &|paint| decides.mix(paint, now));
            }
        }
        for drifting in self.drifting.iter().filter(|drifting| drifting.way.is_of_paint()) {
            let is_seen = self.decides(drifting.target, now).is_none_or(|p| drifting.is_over(p, now));
            if let Some((_, slot)) = drifting.target.slot().filter(|(of, _)| is_seen && *of == part) {
                differs |= slots::repaint(slots, slot, &|paint| drifting.way.mix(paint, now));
            }
        }
        differs
    }
}
