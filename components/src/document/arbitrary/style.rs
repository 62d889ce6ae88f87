//! Masks, effects, placement and paint.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{LayerDocument, check_together},
    MAX_LAYERS, PATHS,
    values::{color, coordinate, length_point, point, share, side, unit_point},
};
use crate::{
    effects::{
        Blur, ChromaKey, ColorAdjust, DropShadow, Effect, Glow, Grayscale, Outline, Pixelate, RoundedCorners, Tint,
        Vignette,
    },
    geometry::Point,
    layer::LayerId,
    mask::{Mask, MaskChannel, MaskShape},
    paint::{Gradient, GradientStop, Paint},
    transform::{Scale, Transform},
    variants::{VariantId, Variants},
};

pub(super) fn mask() -> BoxedStrategy<Mask> {
    let shape = prop_oneof![
        (coordinate(), coordinate(), side(), side(), side())
            .prop_map(|(x, y, width, height, radius)| { MaskShape::Rect { x, y, width, height, radius } }),
        (coordinate(), coordinate(), side(), side()).prop_map(|(x, y, width, height)| MaskShape::Ellipse {
            x,
            y,
            width,
            height
        }),
        select(PATHS.to_vec()).prop_map(|d| MaskShape::Path { d: d.to_owned() }),
    ];
    (shape, any::<bool>(), 0.0..20.0).prop_map(|(shape, inverted, feather)| Mask { shape, inverted, feather }).boxed()
}

/// Which layer is masked, and by which one.
pub(super) fn layer_mask() -> BoxedStrategy<(usize, usize, MaskChannel, bool, f64)> {
    let channel = select(vec![MaskChannel::Alpha, MaskChannel::Luminance]);
    (0..MAX_LAYERS, 0..MAX_LAYERS, channel, any::<bool>(), prop_oneof![Just(0.0), 0.0..20.0]).boxed()
}

/// Masks layers by others, but for what a scene may not have.
pub(super) fn mask_by_layers(layers: &mut Vec<LayerDocument>, masks: &[(usize, usize, MaskChannel, bool, f64)]) {
    for (masked, by, channel, inverted, feather) in masks {
        let ids: Vec<LayerId> = layers.iter().flat_map(LayerDocument::walk).map(|layer| layer.id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let (id, by) = (&ids[masked % ids.len()], ids[by % ids.len()].clone());
        let shape = MaskShape::Layer { layer: by, channel: *channel };
        let mut changed = layers.clone();
        set_mask(&mut changed, id, &Mask { shape, inverted: *inverted, feather: *feather });
        if check_together(&changed).is_empty() {
            *layers = changed;
        }
    }
}

/// Which layer is left out of which variants.
pub(super) fn limit() -> BoxedStrategy<(usize, Variants)> {
    let name = || select(vec!["main", "clean", "tv"]);
    (0..MAX_LAYERS, vec(name(), 0..2), vec(name(), 0..2))
        .prop_map(|(layer, only, except)| {
            let ids = |names: Vec<&str>| names.into_iter().filter_map(|name| VariantId::new(name).ok()).collect();
            (layer, Variants { only: ids(only), except: ids(except) })
        })
        .boxed()
}

/// Leaves layers out of variants, but for those of which a scene may not leave anything out.
pub(super) fn limit_layers(layers: &mut Vec<LayerDocument>, limits: &[(usize, Variants)]) {
    for (limited, variants) in limits {
        let ids: Vec<LayerId> = layers.iter().flat_map(LayerDocument::walk).map(|layer| layer.id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let mut changed = layers.clone();
        set_variants(&mut changed, &ids[limited % ids.len()], variants);
        if check_together(&changed).is_empty() {
            *layers = changed;
        }
    }
}

fn set_variants(layers: &mut [LayerDocument], id: &LayerId, variants: &Variants) {
    for layer in layers {
        if layer.id == *id {
            layer.variants = variants.clone();
        }
        set_variants(&mut layer.children, id, variants);
    }
}

pub(super) fn set_mask(layers: &mut [LayerDocument], id: &LayerId, mask: &Mask) {
    for layer in layers {
        if layer.id == *id {
            layer.mask = Some(mask.clone());
        }
        set_mask(&mut layer.children, id, mask);
    }
}

pub(super) fn effect() -> BoxedStrategy<Effect> {
    prop_oneof![
        (0.0..20.0).prop_map(|radius| Effect::Blur(Blur { radius })),
        (point(), 0.0..20.0, color()).prop_map(|(offset, radius, color)| Effect::DropShadow(DropShadow {
            offset,
            radius,
            color
        })),
        (0.0..20.0, color(), 0.0..5.0).prop_map(|(radius, color, strength)| Effect::Glow(Glow {
            radius,
            color,
            strength
        })),
        (0.0..20.0, color()).prop_map(|(width, color)| Effect::Outline(Outline { width, color })),
        (0.0..3.0, 0.0..3.0, 0.0..3.0, -360.0..360.0).prop_map(|(brightness, contrast, saturation, hue)| {
            Effect::ColorAdjust(ColorAdjust { brightness, contrast, saturation, hue })
        }),
        (color(), color(), share()).prop_map(|(black, white, amount)| Effect::Tint(Tint { black, white, amount })),
        share().prop_map(|amount| Effect::Grayscale(Grayscale { amount })),
        (color(), share(), share(), share()).prop_map(|(color, similarity, smoothness, spill)| {
            Effect::ChromaKey(ChromaKey { color, similarity, smoothness, spill })
        }),
        (1.0..60.0).prop_map(|size| Effect::Pixelate(Pixelate { size })),
        (share(), share(), share(), color()).prop_map(|(amount, radius, softness, color)| {
            Effect::Vignette(Vignette { amount, radius, softness, color })
        }),
        side().prop_map(|radius| Effect::RoundedCorners(RoundedCorners { radius })),
    ]
    .boxed()
}

pub(super) fn transform() -> BoxedStrategy<Transform> {
    let angle = || prop_oneof![2 => Just(0.0), 1 => -180.0..180.0];
    let scale = prop_oneof![
        2 => Just(Scale::default()),
        1 => (0.1..3.0).prop_map(|factor| Scale { x: factor, y: factor }),
        1 => (-2.0..2.0, -2.0..2.0).prop_map(|(x, y)| Scale { x, y }),
    ];
    let skew = (-45.0..45.0, -45.0..45.0).prop_map(|(x, y)| Point { x, y });
    let skew = prop_oneof![3 => Just(Point::default()), 1 => skew];
    (length_point(), unit_point(), scale, angle(), skew)
        .prop_map(|(position, anchor, scale, rotation, skew)| Transform { position, anchor, scale, rotation, skew })
        .boxed()
}

pub(super) fn paint() -> BoxedStrategy<Paint> {
    prop_oneof![2 => color().prop_map(Paint::Solid), 1 => gradient().prop_map(Paint::Gradient)].boxed()
}

pub(super) fn gradient() -> BoxedStrategy<Gradient> {
    let stops = || {
        vec((share(), color()), 2..5).prop_map(|stops| {
            let mut stops: Vec<GradientStop> =
                stops.into_iter().map(|(offset, color)| GradientStop { offset, color }).collect();
            stops.sort_by(|a, b| a.offset.total_cmp(&b.offset));
            stops
        })
    };
    prop_oneof![
        (-360.0..360.0, stops()).prop_map(|(angle, stops)| Gradient::Linear { angle, stops }),
        (unit_point(), 0.1..2.0, stops()).prop_map(|(center, radius, stops)| Gradient::Radial {
            center,
            radius,
            stops
        }),
        (unit_point(), -360.0..360.0, stops()).prop_map(|(center, angle, stops)| Gradient::Conic {
            center,
            angle,
            stops
        }),
    ]
    .boxed()
}
