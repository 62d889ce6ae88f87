//! The whole tick: `edit → clock → tween → place → cull → damage → rasterise → diff`.

use bevy_ecs::schedule::{IntoScheduleConfigs, Schedule, SingleThreadedExecutor};

use crate::{
    assets,
    clock::{self, ClockSystems},
    cull::{self, CullSystems},
    damage::{self, DamageSystems},
    diff::{self, DiffSystems},
    edit::{self, EditSystems},
    isolate,
    place::{self, PlaceSystems},
    playback,
    rasterise::{self, RasteriseSystems},
    sound,
    timing::finish_stage,
    transition,
    tween::{self, TweenSystems},
    workers,
};

/// The schedule of one tick.
///
/// Stages depend on one another, so systems run one after the other; the heavy ones share their own work among
/// threads.
#[must_use]
pub fn tick_schedule() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.configure_sets(
        (
            EditSystems,
            ClockSystems,
            TweenSystems,
            PlaceSystems,
            CullSystems,
            DamageSystems,
            RasteriseSystems,
            DiffSystems,
        )
            .chain(),
    );
    schedule.add_systems((
        (edit::apply_edits, finish_stage("edit")).chain().in_set(EditSystems),
        // Triggers edit the scene too.
        (
            clock::run_timelines,
            edit::follow_header,
            clock::start_animations,
            clock::cue_layers,
            sound::follow_sound,
            finish_stage("clock"),
        )
            .chain()
            .in_set(ClockSystems),
        (
            tween::compile_animations,
            tween::write_poses,
            tween::write_animated_content,
            tween::write_effects_and_masks,
            sound::mix_sound,
            finish_stage("tween"),
        )
            .chain()
            .in_set(TweenSystems),
        (
            rasterise::retry_faulty,
            rasterise::collect_background,
            place::measure_layers,
            playback::pick_frames,
            isolate::find_mask_layers,
            place::place_layers,
            finish_stage("place"),
        )
            .chain()
            .in_set(PlaceSystems),
        (transition::advance_transition, cull::list_visible, assets::note_visible, finish_stage("cull"))
            .chain()
            .in_set(CullSystems),
        (damage::find_damage, finish_stage("damage")).chain().in_set(DamageSystems),
        (
            rasterise::refresh_rasters,
            finish_stage("raster"),
            rasterise::draw_pictures,
            rasterise::make_room_for_late,
            rasterise::release_scene,
            rasterise::draw_frame,
            rasterise::drop_idle_rasters,
            rasterise::keep_within_memory,
            rasterise::draw_ahead,
            finish_stage("composite"),
        )
            .chain()
            .in_set(RasteriseSystems),
        (diff::tell_changes, clock::tell_motion, workers::scale_workers, finish_stage("diff"))
            .chain()
            .in_set(DiffSystems),
    ));
    schedule
}
