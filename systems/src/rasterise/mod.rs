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
mod draw;
mod fault;
mod memory;
mod picture;
mod refresh;

use bevy_ecs::schedule::SystemSet;

pub use self::{
    ahead::draw_ahead,
    background::{Background, Patience, collect_rasters},
    cache::RasterCache,
    draw::{Program, draw_frame},
    fault::{FaultInjection, Faults, retry_faulty},
    memory::{RasterMemory, drop_idle_rasters, keep_within_memory},
    picture::{PictureId, Pictures, draw_pictures},
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
