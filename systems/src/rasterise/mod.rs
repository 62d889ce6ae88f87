//! The stage that makes pixels, in three floors: `content/` draws each content type into its cache, on change only;
//! `composite/` lays caches onto dirty tiles; `convert` turns dirty tiles into I420.

mod cache;
pub mod composite;
pub mod content;
pub mod convert;
mod draw;
pub mod pixmap;

pub use cache::{RasterCache, refresh_rasters};
pub use draw::{Program, RenderThreads, draw_frame};

use bevy_ecs::schedule::SystemSet;

/// The systems that make pixels.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RasteriseSystems;
