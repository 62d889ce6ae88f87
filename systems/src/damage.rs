//! Stage `damage`: which tiles differ from the last tick's.
//!
//! The draw list holds everything that pixels follow from; so what differs between two draw lists is what may differ
//! between two pictures. A layer whose step is the same as before, and which stands in the same order with all others
//! that are the same, damages nothing.

use std::collections::HashMap;

use bevy_ecs::{
    change_detection::DetectChanges,
    entity::Entity,
    resource::Resource,
    schedule::SystemSet,
    system::{Res, ResMut},
};
use components::{PixelRect, diff::longest_rising};

use crate::{
    cull::{DrawList, DrawStep, Drawn},
    quality::RenderQuality,
    tiles::TileSet,
    viewport::Viewport,
};

/// The systems that find out what changed on the canvas.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DamageSystems;

/// The tiles that must be drawn anew this tick.
#[derive(Resource, Clone, Debug)]
pub struct Damage(pub TileSet);

/// The draw list of the last tick.
#[derive(Resource, Clone, Debug, Default)]
pub struct LastDrawn(Vec<DrawStep>);

impl LastDrawn {
    /// Notes that a step of the list was drawn in another way than it stood there.
    pub(crate) fn amend(&mut self, index: usize, step: DrawStep) {
        if let Some(last) = self.0.get_mut(index) {
            *last = step;
        }
    }
}

/// Compares the draw list with the last one.
pub fn find_damage(
    viewport: Res<Viewport>,
    quality: Res<RenderQuality>,
    list: Res<DrawList>,
    mut last: ResMut<LastDrawn>,
    mut damage: ResMut<Damage>,
) {
    damage.0.clear();
    if viewport.is_changed() || quality.is_changed() {
        damage.0.fill();
    } else {
        compare(&last.0, &list.steps, &mut |rect| damage.0.insert_rect(rect));
    }
    last.0.clone_from(&list.steps);
}

/// Calls `damaged` with every rectangle within which pictures of the two lists may differ.
fn compare(old: &[DrawStep], new: &[DrawStep], damaged: &mut impl FnMut(PixelRect)) {
    if old == new {
        return;
    }
    let old = entries(old);
    let new = entries(new);
    let positions: HashMap<(Entity, Option<Entity>), usize> =
        old.iter().enumerate().map(|(position, entry)| ((entry.drawn.entity, entry.group), position)).collect();

    // What stands in both lists, as its places in them, in the new order.
    let mut kept: Vec<(usize, usize)> = Vec::with_capacity(new.len());
    for (position, entry) in new.iter().enumerate() {
        match positions.get(&(entry.drawn.entity, entry.group)) {
            Some(&before) => kept.push((before, position)),
            None => damaged(entry.seen()),
        }
    }
    let mut stays = vec![false; old.len()];
    for index in longest_rising(&kept) {
        stays[kept[index].0] = true;
    }
    let mut found = vec![false; old.len()];
    for (before, position) in kept {
        found[before] = true;
        let (was, is) = (&old[before], &new[position]);
        if !stays[before] || !was.looks_like(is) {
            damaged(was.seen());
            damaged(is.seen());
        }
    }
    for (entry, found) in old.iter().zip(found) {
        if !found {
            damaged(entry.seen());
        }
    }
}

/// A step with the group that it is drawn into.
struct Entry<'a> {
    drawn: &'a Drawn,
    group: Option<Entity>,
    kind: Kind,
}

/// What kind of step it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Layer,
    Picture,
    Group,
}

impl Entry<'_> {
    /// The pixels that it may contribute to.
    fn seen(&self) -> PixelRect {
        if self.drawn.covered { PixelRect::EMPTY } else { self.drawn.bounds }
    }

    fn looks_like(&self, other: &Entry<'_>) -> bool {
        if self.kind == Kind::Group && other.kind == Kind::Group {
            // A group's bounds follow its members'; their changes are damage of their own.
            let same_bounds = Drawn { bounds: other.drawn.bounds, ..*self.drawn };
            return same_bounds == *other.drawn;
        }
        self.kind == other.kind && (self.drawn == other.drawn || (self.drawn.covered && other.drawn.covered))
    }
}

fn entries(steps: &[DrawStep]) -> Vec<Entry<'_>> {
    let mut groups: Vec<Entity> = Vec::new();
    let mut entries = Vec::with_capacity(steps.len());
    for step in steps {
        match step {
            DrawStep::Layer(drawn) => {
                entries.push(Entry { drawn, group: groups.last().copied(), kind: Kind::Layer });
            }
            DrawStep::Picture(drawn) => {
                entries.push(Entry { drawn, group: groups.last().copied(), kind: Kind::Picture });
            }
            DrawStep::BeginGroup(drawn) => {
                entries.push(Entry { drawn, group: groups.last().copied(), kind: Kind::Group });
                groups.push(drawn.entity);
            }
            DrawStep::EndGroup => {
                groups.pop();
            }
        }
    }
    entries
}
