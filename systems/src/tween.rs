//! Stage `tween`: what the animations make of transform, opacity and content at the present scene time.
//!
//! Names, options and authored values are looked up when something is edited, not on each tick ([`Playing`]); a layer
//! on which nothing changes between the last tick and this one is passed over.

use bevy_ecs::{
    change_detection::{ContiguousMut, ContiguousRef, DetectChanges, DetectChangesMut, Mut, Ref, Tick},
    query::{Changed, Or},
    schedule::SystemSet,
    system::{Local, Query, Res},
};
use bevy_ecs::{entity::Entity, world::World};
use components::{
    AnimatedContent, BlendMode, Content, Effects, LayerMask, Opacity, Pose, ShownEffects, ShownMask, Stacking,
    Transform, Transitions, Visibility,
    animation::{AnimationStarts, Cues, Drifts, Part, Parts, Playing},
};

use crate::{
    clock::SceneTime,
    workers::{Effort, Workers},
};

/// The systems of this stage: [`compile_animations`], then the other two in either order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TweenSystems;

/// What of a layer can be animated wherever it stands.
type Worn<'w> = (
    &'w Content,
    Option<&'w Effects>,
    Option<&'w LayerMask>,
    Option<&'w BlendMode>,
    Option<&'w Visibility>,
    Option<&'w Stacking>,
);

type Authored<'w> = (
    Option<&'w Transitions>,
    &'w AnimationStarts,
    &'w Cues,
    Worn<'w>,
    &'w Transform,
    &'w Opacity,
    &'w mut Playing,
    Option<&'w mut Drifts>,
);

type AuthoredItem<'w> = (
    Option<&'w Transitions>,
    &'w AnimationStarts,
    &'w Cues,
    Worn<'w>,
    &'w Transform,
    &'w Opacity,
    Mut<'w, Playing>,
    Option<Mut<'w, Drifts>>,
);

type Edited = Or<(
    Changed<Transitions>,
    Changed<AnimationStarts>,
    Changed<Cues>,
    Changed<Content>,
    Changed<Effects>,
    Changed<LayerMask>,
    Changed<Transform>,
    Changed<Opacity>,
    Changed<BlendMode>,
    Changed<Visibility>,
    Changed<Stacking>,
)>;

/// Makes the animations of layers that were edited ready to be sampled, and lets what their transitions smooth move on
/// from where it is.
pub fn compile_animations(time: Res<SceneTime>, mut edited: Query<Authored, Edited>) {
    for layer in &mut edited {
        compile(layer, time.seconds);
    }
}

/// The same for these layers, which were edited at scene time `when`.
pub(crate) fn compile_layers(world: &mut World, layers: &[Entity], when: f64) {
    let mut query = world.query::<Authored>();
    for layer in layers {
        if let Ok(layer) = query.get_mut(world, *layer) {
            compile(layer, when);
        }
    }
}

fn compile(layer: AuthoredItem<'_>, now: f64) {
    let (transitions, starts, cues, worn, transform, opacity, mut playing, drifts) = layer;
    let (content, effects, mask, blend, visible, z_index) = worn;
    let no_effects = Effects::default();
    let mask = mask.and_then(|LayerMask(mask)| mask.as_ref());
    let parts = Parts {
        content,
        effects: effects.unwrap_or(&no_effects),
        mask,
        blend: blend.copied().unwrap_or_default(),
        visible: visible.is_none_or(|visible| visible.0),
        z_index: z_index.copied().unwrap_or_default().0,
    };
    let no_transitions = Transitions::default();
    let transitions = transitions.unwrap_or(&no_transitions);
    let mut compiled = if starts.starts().is_empty() && cues.0.is_empty() {
        Playing::default()
    } else {
        Playing::new(starts, cues, parts, transform, opacity)
    };
    if let Some(mut drifts) = drifts
        && (!transitions.0.is_empty() || !compiled.is_empty() || *drifts != Drifts::default())
    {
        let mut followed = drifts.clone();
        let of_layer = (parts, transform, opacity);
        followed.update(transitions, (starts, cues), (&playing, &compiled), of_layer, now);
        compiled = compiled.with_drifts(&followed);
        drifts.set_if_neq(followed);
    }
    playing.set_if_neq(compiled);
}

type Posed<'w> = (Ref<'w, Transform>, Ref<'w, Opacity>, Option<Ref<'w, Playing>>, &'w mut Pose);

/// The columns of a table, from row to row.
type PosedRows<'w> = (
    ContiguousRef<'w, Transform>,
    ContiguousRef<'w, Opacity>,
    Option<ContiguousRef<'w, Playing>>,
    ContiguousMut<'w, Pose>,
);

/// Writes the pose of every layer that was edited or moves.
pub fn write_poses(
    time: Res<SceneTime>,
    workers: Res<Workers>,
    mut memo: Local<(f64, Effort)>,
    mut layers: Query<Posed>,
) {
    let (last, effort) = &mut *memo;
    let (before, now) = (std::mem::replace(last, time.seconds), time.seconds);
    let write = |rows: PosedRows<'_>| write_posed_rows(rows, before, now);
    let in_tables = effort.spend(&workers, |is_shared| {
        if is_shared {
            let tables = layers.contiguous_par_iter_mut();
            tables.map(|tables| tables.batching_strategy(Effort::pieces()).for_each(write))
        } else {
            layers.contiguous_iter_mut().map(|tables| tables.for_each(write))
        }
    });
    debug_assert!(in_tables.is_ok(), "none of these components is stored otherwise");
}

/// How many rows ahead the motions of animations are asked for.
const AHEAD: usize = 3;

fn write_posed_rows((transforms, opacities, playing, mut poses): PosedRows<'_>, before: f64, now: f64) {
    let (last_run, this_run) = (transforms.last_run_tick(), transforms.this_run_tick());
    let is_new =
        |changed: &[Tick], row: usize| changed.get(row).is_some_and(|tick| tick.is_newer_than(last_run, this_run));
    let motions = playing.as_deref().unwrap_or_default();
    let still = Playing::default();
    for (row, (transform, opacity)) in transforms.iter().zip(opacities.iter()).enumerate() {
        if let Some(coming) = motions.get(row + AHEAD).filter(|coming| !coming.is_quiet_between(before, now)) {
            coming.fetch();
        }
        let is_edited = is_new(transforms.changed_ticks_slice(), row)
            || is_new(opacities.changed_ticks_slice(), row)
            || playing.as_ref().is_some_and(|playing| is_new(playing.changed_ticks_slice(), row));
        let playing = motions.get(row).unwrap_or(&still);
        if !is_edited && playing.is_quiet_between(before, now) {
            continue;
        }
        let pose = Pose::new(transform, opacity, playing, now);
        if let Some(shown) = poses.bypass_change_detection().get_mut(row)
            && *shown != pose
        {
            *shown = pose;
            poses.changed_ticks_slice_mut()[row] = this_run;
        }
    }
}

type Filled<'w> = (Ref<'w, Content>, Ref<'w, Playing>, &'w mut AnimatedContent);

/// Writes the content of every layer on which it is animated, and was edited or moves.
pub fn write_animated_content(
    time: Res<SceneTime>,
    workers: Res<Workers>,
    mut memo: Local<(f64, Effort)>,
    mut layers: Query<Filled>,
) {
    let (last, effort) = &mut *memo;
    let (before, now) = (std::mem::replace(last, time.seconds), time.seconds);
    let write = |(content, playing, mut animated): (Ref<Content>, Ref<Playing>, Mut<AnimatedContent>)| {
        if content.is_changed() || playing.is_changed() {
            let filled = playing.animates(Part::Content).then(|| {
                let mut content = Content::clone(&content);
                playing.apply_to(Part::Content, &mut content, now);
                content
            });
            animated.set_if_neq(AnimatedContent(filled));
        } else if playing.animates(Part::Content)
            && !playing.is_quiet_between(before, now)
            && let AnimatedContent(Some(content)) = animated.bypass_change_detection()
            && playing.apply_to(Part::Content, content, now)
        {
            animated.set_changed();
        }
    };
    effort.spend(&workers, |is_shared| {
        if is_shared {
            layers.par_iter_mut().batching_strategy(Effort::pieces()).for_each(write);
        } else {
            layers.iter_mut().for_each(write);
        }
    });
}

type Dressed<'w> =
    (Ref<'w, Effects>, Ref<'w, LayerMask>, Option<Ref<'w, Playing>>, &'w mut ShownEffects, &'w mut ShownMask);

/// Writes the effects and the mask of every layer that was edited or on which they move.
pub fn write_effects_and_masks(time: Res<SceneTime>, mut last: Local<f64>, mut layers: Query<Dressed>) {
    let (before, now) = (*last, time.seconds);
    *last = now;
    let still = Playing::default();
    for (effects, mask, playing, mut shown_effects, mut shown_mask) in &mut layers {
        let is_new = playing.as_ref().is_some_and(DetectChanges::is_changed);
        let playing = playing.as_deref().unwrap_or(&still);
        let is_moving = !playing.is_quiet_between(before, now);
        if effects.is_changed() || is_new {
            let mut effects = Effects::clone(&effects);
            if playing.animates(Part::Effects) {
                playing.apply_to(Part::Effects, &mut effects, now);
            }
            shown_effects.set_if_neq(ShownEffects { effects });
        } else if is_moving
            && playing.animates(Part::Effects)
            && playing.apply_to(Part::Effects, &mut shown_effects.bypass_change_detection().effects, now)
        {
            shown_effects.set_changed();
        }
        if mask.is_changed() || is_new {
            let mut mask = mask.0.clone();
            if let Some(mask) = mask.as_mut().filter(|_| playing.animates(Part::Mask)) {
                playing.apply_to(Part::Mask, mask, now);
            }
            shown_mask.set_if_neq(ShownMask(mask));
        } else if is_moving
            && playing.animates(Part::Mask)
            && let Some(mask) = &mut shown_mask.bypass_change_detection().0
            && playing.apply_to(Part::Mask, mask, now)
        {
            shown_mask.set_changed();
        }
    }
}

#[cfg(test)]
mod tests;
