//! Scenes that wait while another one is on air.

use bevy_ecs::resource::Resource;
use components::held::{HeldChange, HeldScenes};

/// The scenes. The stage `edit` keeps them.
#[derive(Resource, Clone, Debug, Default)]
pub struct Held(pub HeldScenes);

/// What happened to them on this tick, in order.
#[derive(Resource, Clone, Debug, Default)]
pub struct HeldChanges(pub Vec<HeldChange>);
