//! What drawing the layers' own pictures takes, by what the layers are.

use std::time::Duration;

use bevy_ecs::{
    change_detection::DetectChangesMut,
    query::Changed,
    resource::Resource,
    system::{Query, ResMut},
};
use components::{Content, LayerType};

use super::RasterCache;

/// What drawing has taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Pictures that were drawn.
    pub pictures: u64,
    /// Time that they took.
    pub spent: Duration,
}

/// What drawing the layers' own pictures has taken in all ticks so far, on the tick thread's workers and in the background;
/// those of groups are the pictures that are made of all below them.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct LayerCosts {
    /// By what layers are for, in the order of [`TYPES`](Self::TYPES).
    pub types: [Cost; Self::TYPES.len()],
    /// By what they show, in the order of [`CONTENTS`](Self::CONTENTS).
    pub contents: [Cost; Self::CONTENTS.len()],
}

impl LayerCosts {
    /// The words for the types of layers.
    pub const TYPES: [&'static str; 5] = ["host", "assistant", "visualFeed", "overlay", "chat"];
    /// The words for the types of contents.
    pub const CONTENTS: [&'static str; 8] =
        ["color", "gradient", "image", "animatedImage", "svg", "shape", "text", "group"];

    fn add(&mut self, layer_type: LayerType, content: &Content, cost: Cost) {
        let of_type = match layer_type {
            LayerType::Host => 0,
            LayerType::Assistant => 1,
            LayerType::VisualFeed => 2,
            LayerType::Overlay => 3,
            LayerType::Chat => 4,
        };
        let of_content = match content {
            Content::Color(_) => 0,
            Content::Gradient(_) => 1,
            Content::Image(_) => 2,
            Content::AnimatedImage(_) => 3,
            Content::Svg(_) => 4,
            Content::Shape(_) => 5,
            Content::Text(_) => 6,
            Content::Group(_) => 7,
        };
        for all in [&mut self.types[of_type], &mut self.contents[of_content]] {
            all.pictures += cost.pictures;
            all.spent += cost.spent;
        }
    }
}

/// Adds up what was drawn since the last tick.
pub fn count_costs(
    mut costs: ResMut<LayerCosts>,
    mut drawn: Query<(&mut RasterCache, &LayerType, &Content), Changed<RasterCache>>,
) {
    for (mut cache, layer_type, content) in &mut drawn {
        let cache = cache.bypass_change_detection();
        if cache.uncounted.pictures > 0 {
            costs.add(*layer_type, content, std::mem::take(&mut cache.uncounted));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn words_are_those_of_documents() {
        for (name, layer_type) in LayerCosts::TYPES.into_iter().zip([
            LayerType::Host,
            LayerType::Assistant,
            LayerType::VisualFeed,
            LayerType::Overlay,
            LayerType::Chat,
        ]) {
            let mut costs = LayerCosts::default();
            let group: Content = from_value(json!({ "type": "group" })).unwrap();
            costs.add(layer_type, &group, Cost { pictures: 1, spent: Duration::from_millis(3) });
            let counted = LayerCosts::TYPES.into_iter().zip(costs.types).find(|(_, cost)| cost.pictures == 1);
            assert_eq!(serde_json::to_value(layer_type).unwrap(), counted.unwrap().0);
            assert_eq!(name, counted.unwrap().0);
        }
        let contents = [
            json!({ "type": "color", "color": "#fff" }),
            json!({ "type": "image", "asset": "a" }),
            json!({ "type": "animatedImage", "asset": "a" }),
            json!({ "type": "svg", "asset": "a" }),
            json!({ "type": "text", "text": "a" }),
            json!({ "type": "group" }),
        ];
        for content in contents {
            let mut costs = LayerCosts::default();
            let read: Content = from_value(content.clone()).unwrap();
            costs.add(LayerType::Overlay, &read, Cost { pictures: 1, spent: Duration::ZERO });
            let counted = LayerCosts::CONTENTS.into_iter().zip(costs.contents).find(|(_, cost)| cost.pictures == 1);
            assert_eq!(content["type"], counted.unwrap().0);
        }
    }
}
