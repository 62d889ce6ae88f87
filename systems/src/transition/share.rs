//! Two scenes, one memory.
//!
//! While a scene leaves, both share what pictures of layers and decoded assets may take together. The one that leaves keeps
//! what it has as long as there is room for both. Where there is not, it stands still from then on, as it was seen last,
//! and all that it takes is given back: the one that comes never lacks anything. Both follow from what the scenes show.

use bevy_ecs::system::{Res, ResMut};

use crate::{
    assets::Assets,
    rasterise::{Program, RasterMemory},
    viewport::Viewport,
};

/// Lets the scene that leaves stand still if there is not room for both. Runs before the one that comes draws or reads what
/// it needs.
pub fn share_memory(
    viewport: Res<Viewport>,
    mut assets: ResMut<Assets>,
    mut memory: ResMut<RasterMemory>,
    mut program: ResMut<Program>,
) {
    // The one that leaves has a schedule of its own, and is told.
    if memory.gives_way {
        return;
    }
    let leaving = program.living_rasters();
    let is_too_much = leaving.is_some_and(|leaving| leaving.demand + memory.demand > memory.seen_limit(&viewport));
    let must_give_back = assets.needs_back();
    if is_too_much || must_give_back {
        program.stop_living();
    }
    if must_give_back {
        assets.take_back();
    }
    memory.elsewhere = program.living_rasters().unwrap_or_default();
}
