//! The World and its schedule, as one thing.

use std::{sync::Arc, time::Duration};

use components::{EditOutcome, SceneDiff};

use crate::{frame::Frame, tiles::TileSet};

/// What a compositor is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompositorSettings {
    /// Frame width in pixels; even.
    pub width: usize,
    /// Frame height in pixels; even.
    pub height: usize,
    /// Layers that a scene may have, groups and their children included.
    pub max_layers: usize,
    /// Frames that may be on their way to encoders at once.
    pub pool_size: usize,
}

/// Owns the scene and draws it, tick by tick.
#[derive(Debug)]
pub struct Compositor {}

/// What one tick did.
#[derive(Debug)]
pub struct TickReport {
    /// How each batch of edits that was submitted since the last tick ended, by its ticket.
    pub outcomes: Vec<(u64, EditOutcome)>,
    /// What changed in the authored scene, if anything did.
    pub diff: Option<SceneDiff>,
    /// Tiles of the canvas that were drawn anew.
    pub damage: TileSet,
    /// The picture, if it differs from the last one; the same frame is to be sent again otherwise.
    pub frame: Option<Arc<Frame>>,
    /// Whether a new picture was due but every frame of the pool was still held by an encoder. It comes with the
    /// next tick.
    pub starved: bool,
    /// Layers of the scene, groups included.
    pub layer_count: usize,
    /// Time that each stage took, in the order in which they ran.
    pub stages: Vec<(&'static str, Duration)>,
}
