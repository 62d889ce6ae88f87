//! When the many animations of a layer move it or change its shape: which are under way at a moment is found without
//! looking at those that are not.

use super::{Playback, index::FEW};
use crate::animation::Target;

/// When these may be under way, in the order in which they begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spans {
    moving: Box<[Span]>,
    reshaping: Box<[Span]>,
}

/// When one of them may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    first: f64,
    last: f64,
    /// The latest end of those up to this one.
    over: f64,
    place: u32,
}

impl Spans {
    /// `None` where there are few.
    pub(super) fn new(tracks: &[Playback]) -> Option<Box<Self>> {
        let of = |is_of: fn(Target) -> bool| -> Box<[Span]> {
            let all = (0..).zip(tracks).filter(|(_, p)| is_of(p.target()));
            let spans = all.map(|(place, p)| {
                let (first, last) = p.changes();
                Span { first, last, over: last, place }
            });
            // What stands still is never under way.
            let mut spans: Vec<Span> = spans.filter(|span| span.first <= span.last).collect();
            spans.sort_by(|a, b| a.first.total_cmp(&b.first));
            let mut over = f64::NEG_INFINITY;
            for span in &mut spans {
                over = over.max(span.last);
                span.over = over;
            }
            spans.into()
        };
        let spans = || Self { moving: of(Target::moves), reshaping: of(Target::reshapes) };
        (tracks.len() > FEW).then(|| Box::new(spans()))
    }

    pub(super) fn moving(&self) -> &[Span] {
        &self.moving
    }

    pub(super) fn reshaping(&self) -> &[Span] {
        &self.reshaping
    }
}

/// The places of those in whose time scene time `now` is.
pub(super) fn around(spans: &[Span], now: f64) -> impl Iterator<Item = usize> {
    let begun = spans.partition_point(|span| span.first <= now);
    let under_way = spans[..begun].iter().rev().take_while(move |span| span.over >= now);
    under_way.filter(move |span| span.last >= now).map(|span| span.place as usize)
}
