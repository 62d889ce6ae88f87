//! Transitions from one scene to another.

use proptest::{option, prelude::*, sample::select};

use super::{
    EASINGS,
    values::{color, fit, share, unit_point},
};
use crate::{
    animation::easing::Easing,
    asset::{AssetDocument, AssetId, AssetKind},
    transition::{Direction, Pace, Transition, WipeShape},
};

/// Transitions of every kind into a scene with these assets.
pub fn transition(assets: &[AssetDocument]) -> BoxedStrategy<Transition> {
    let easing = || select(EASINGS.to_vec()).prop_map(|text| text.parse::<Easing>().unwrap_or_default());
    let duration = || prop_oneof![1 => Just(0.0), 8 => 0.05..2.0];
    let pace = || (duration(), easing()).prop_map(|(duration, easing)| Pace { duration, easing });
    let direction = || select(vec![Direction::Left, Direction::Right, Direction::Up, Direction::Down]);
    let wipe = (
        (pace(), select(vec![WipeShape::Linear, WipeShape::Radial, WipeShape::Clock])),
        (-360.0..360.0, unit_point(), any::<bool>(), share()),
    );
    let any = prop_oneof![
        1 => Just(Transition::Cut {}),
        2 => (pace(), option::of(color())).prop_map(|(pace, color)| Transition::Fade { pace, color }),
        1 => (pace(), direction()).prop_map(|(pace, direction)| Transition::Slide { pace, direction }),
        1 => (pace(), direction()).prop_map(|(pace, direction)| Transition::Push { pace, direction }),
        3 => wipe.prop_map(|((pace, shape), (angle, center, reverse, softness))| {
            Transition::Wipe { pace, shape, angle, center, reverse, softness }
        }),
        1 => (pace(), unit_point()).prop_map(|(pace, center)| Transition::Scale { pace, center }),
        1 => (pace(), unit_point(), 1.0..20.0)
            .prop_map(|(pace, center, factor)| Transition::Zoom { pace, center, factor }),
        2 => (pace(), 1..40_u32, share(), any::<u32>())
            .prop_map(|(pace, grain, softness, seed)| Transition::Dissolve { pace, grain, softness, seed }),
    ];
    let shown = |asset: &&AssetDocument| matches!(asset.kind, AssetKind::Image | AssetKind::AnimatedImage);
    let pictures: Vec<AssetId> = assets.iter().filter(shown).map(|asset| asset.id.clone()).collect();
    if pictures.is_empty() {
        return any.boxed();
    }
    let stinger = (duration(), select(pictures), share(), fit())
        .prop_map(|(duration, asset, cut_at, fit)| Transition::Stinger { duration, asset, cut_at, fit });
    prop_oneof![9 => any, 1 => stinger].boxed()
}
