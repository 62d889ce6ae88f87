//! What happens to a scene on each tick: `edit → clock → tween → place → cull → damage → rasterise → diff`.
//!
//! The whole order stands in [`schedule`]; [`Compositor`] owns the World and runs it. No network, no GStreamer, no
//! async: whoever owns a [`Compositor`] decides when ticks happen and where frames go.

// What decides about pixels is the same on every machine.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod assets;
pub mod caches;
pub mod clock;
mod compositor;
pub mod cull;
pub mod damage;
pub mod diff;
pub mod edit;
pub mod frame;
pub mod held;
pub mod isolate;
pub mod place;
pub mod playback;
pub mod quality;
pub mod rasterise;
pub mod resize;
pub mod scene;
pub mod schedule;
pub mod sound;
pub mod still;
pub mod tiles;
pub mod timing;
pub mod transition;
pub mod tween;
pub mod variants;
pub mod viewport;
pub mod workers;

pub use compositor::{Compositor, CompositorSettings, TickReport};
pub use frame::{Frame, Picture};
pub use quality::{Quality, QualityStakes, RenderQuality};
pub use tiles::TileSet;
pub use workers::{Machine, WorkerLoad, WorkerThreads, WorkerTotals, afford_threads, start_workers};
