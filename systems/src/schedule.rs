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
    timing::{finish_stage, timed},
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
        (timed(edit::apply_edits), finish_stage("edit")).chain().in_set(EditSystems),
        // Triggers edit the scene too.
        (
            timed(clock::run_timelines),
            timed(edit::follow_header),
            timed(clock::start_animations),
            timed(clock::cue_layers),
            timed(sound::follow_sound),
            finish_stage("clock"),
        )
            .chain()
            .in_set(ClockSystems),
        (
            timed(tween::compile_animations),
            timed(tween::write_poses),
            timed(tween::write_animated_content),
            timed(tween::write_effects_and_masks),
            timed(sound::mix_sound),
            finish_stage("tween"),
        )
            .chain()
            .in_set(TweenSystems),
        (
            timed(rasterise::retry_faulty),
            timed(rasterise::collect_background),
            timed(place::measure_layers),
            timed(playback::pick_frames),
            timed(isolate::find_mask_layers),
            timed(place::place_layers),
            timed(rasterise::adopt_rasters),
            finish_stage("place"),
        )
            .chain()
            .in_set(PlaceSystems),
        (
            timed(transition::advance_transition),
            timed(cull::list_visible),
            timed(transition::share_memory),
            timed(assets::note_visible),
            finish_stage("cull"),
        )
            .chain()
            .in_set(CullSystems),
        (timed(damage::find_damage), finish_stage("damage")).chain().in_set(DamageSystems),
        (
            timed(rasterise::refresh_rasters),
            finish_stage("raster"),
            timed(rasterise::draw_pictures),
            timed(rasterise::make_room_for_late),
            timed(rasterise::release_scene),
            timed(rasterise::draw_frame),
            timed(rasterise::drop_idle_rasters),
            timed(rasterise::keep_within_memory),
            timed(rasterise::draw_ahead),
            finish_stage("composite"),
        )
            .chain()
            .in_set(RasteriseSystems),
        (
            timed(diff::tell_changes),
            timed(clock::tell_motion),
            timed(rasterise::count_costs),
            timed(workers::scale_workers),
            finish_stage("diff"),
        )
            .chain()
            .in_set(DiffSystems),
    ));
    schedule
}
