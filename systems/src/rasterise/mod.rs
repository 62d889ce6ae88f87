//! The stage that makes pixels, in three floors: `content/` draws each content type into its cache, on change only;
//! `composite/` lays caches onto dirty tiles; `convert` turns dirty tiles into I420.

pub mod composite;
pub mod content;
pub mod convert;
pub mod effects;
pub mod mask;
pub mod pixmap;

mod ahead;
mod background;
mod cache;
mod costs;
mod draw;
mod draw_pictures;
mod estimate;
mod fault;
mod handed;
mod hold;
mod late;
mod memory;
mod octet;
mod picture;
mod program;
mod refresh;
mod screen;
mod studio;

use bevy_ecs::schedule::SystemSet;

pub use self::{
    ahead::draw_ahead,
    background::{AwaitedLines, Background, Patience, collect_background},
    cache::RasterCache,
    costs::{Cost, LayerCosts, count_costs},
    draw_pictures::draw_pictures,
    fault::{FaultInjection, Faults, retry_faulty},
    handed::{HandedRasters, adopt_rasters},
    hold::release_scene,
    late::make_room_for_late,
    memory::{RasterMemory, RasterShare, drop_idle_rasters, keep_within_memory},
    picture::{PictureId, Pictures},
    program::{Program, draw_frame},
    refresh::{Rasterised, refresh_rasters},
};
pub(crate) use self::{
    cache::raster_scale,
    fault::guarded,
    picture::{Finish, Recipe},
};

/// The systems that make pixels.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RasteriseSystems;
