//! The stage that makes pixels, in three floors: `content/` draws each content type into its cache, on change only;
//! `composite/` lays caches onto dirty tiles; `convert` turns dirty tiles into I420.

pub mod composite;
pub mod content;
pub mod convert;
pub mod effects;
pub mod mask;
pub mod pixmap;

mod cache;
mod draw;
mod picture;

use bevy_ecs::schedule::SystemSet;

pub(crate) use self::{
    cache::raster_scale,
    picture::{Finish, Recipe},
};
pub use self::{
    cache::{RasterCache, Rasterised, drop_idle_rasters, refresh_rasters},
    draw::{Program, RenderThreads, draw_frame},
    picture::{PictureId, Pictures, draw_pictures},
};

/// The systems that make pixels.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RasteriseSystems;
