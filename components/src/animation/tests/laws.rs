//! What holds for any animation.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn any_animation()(
        property in proptest::sample::select(vec!["opacity", "transform.position.x", "transform.scale", "transform.rotation"]),
        values in proptest::collection::vec(0.0..=1.0, 2..6),
        gaps in proptest::collection::vec(0.001..3.0, 6),
        easing in proptest::sample::select(Easing::named().map(|(_, easing)| easing).collect::<Vec<_>>()),
        delay in prop_oneof![Just(0.0), 0.0..3.0],
        repeat in prop_oneof![Just(Repeat::Forever), (1_u32..5).prop_map(Repeat::Times)],
        ping_pong: bool,
        speed in prop_oneof![Just(1.0), 0.1..10.0],
    ) -> Animation {
        let mut at = 0.0;
        let keyframes = values.into_iter().zip(gaps).map(|(value, gap): (f64, f64)| {
            at += gap;
            Keyframe { at: at - gap, value: Value::Length(value.into()), easing: None }
        });
        Animation {
            keyframes: keyframes.collect(),
            delay,
            easing,
            repeat,
            ping_pong,
            speed,
            ..Animation::of(Property::new(property))
        }
    }
}

proptest! {
    #[test]
    fn documents_go_there_and_back(animation in any_animation()) {
        let json = serde_json::to_value(&animation).expect("json");
        prop_assert_eq!(serde_json::from_value::<Animation>(json).expect("what was written"), animation);
    }

    #[test]
    fn outside_of_its_time_nothing_moves(animation in any_animation(), far in 0.0..1e6) {
        let track = animation.compile(&group(), &Transform::default(), &Opacity::default()).expect("valid");
        prop_assert_eq!(track.sample(track.begin() - 1e-6 - far), track.sample(-1.0));
        if track.end().is_finite() {
            prop_assert_eq!(track.sample(track.end() + 1e-6 + far), track.sample(1e9));
            prop_assert!(!track.is_playing(track.end() + 1e-6));
        }
    }

    #[test]
    fn ping_pong_is_a_mirror(mut animation in any_animation(), t in 0.0..1.0, turn in 0_u32..10) {
        animation.ping_pong = true;
        animation.repeat = Repeat::Forever;
        animation.delay = 0.0;
        animation.speed = 1.0;
        let track = animation.compile(&group(), &Transform::default(), &Opacity::default()).expect("valid");
        let cycle = animation.keyframes.last().expect("at least two").at;
        let (there, back) = (f64::from(2 * turn) * cycle + t * cycle, f64::from(2 * turn + 2) * cycle - t * cycle);
        // Steps may fall on either side of a rounding error.
        let stepped = matches!(animation.easing, Easing::StepStart | Easing::StepEnd);
        prop_assert!(stepped || (number(&track, there) - number(&track, back)).abs() < 1e-4);
    }

    #[test]
    fn quiet_times_are_quiet(
        list in proptest::collection::vec(any_animation(), 0..4),
        start in 0.0..1e6,
        a in -10.0..40.0,
        b in -10.0..40.0,
    ) {
        let animations = Animations(list);
        let mut starts = AnimationStarts::default();
        starts.update(&animations, start);
        let playing = Playing::new(&starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default());
        if playing.is_quiet_between(start + a, start + b) {
            prop_assert_eq!(pose(&playing, start + a), pose(&playing, start + b));
        }
    }

    #[test]
    fn a_layer_moves_alike_whenever_it_starts(animation in any_animation(), ticks in 0_u32..1000, first in 0_u32..100_000) {
        let on = |tick: u32| f64::from(tick) / 30.0;
        let at = |first: u32| {
            let animations = Animations(vec![animation.clone()]);
            let mut starts = AnimationStarts::default();
            starts.update(&animations, on(first));
            let playing = Playing::new(&starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default());
            pose(&playing, on(first + ticks))
        };
        prop_assert_eq!(at(0), at(first));
    }

    #[test]
    fn what_moves_alike_moves_as_it_does_alone(
        animation in any_animation(),
        other in any_animation(),
        ends in proptest::collection::vec(0.0..=1.0, 3),
        now in -1.0..30.0,
    ) {
        // Three that differ by nothing but what they move, and one between them that differs.
        let mut list: Vec<Animation> = ["opacity", "transform.position.y", "transform.skew.x"]
            .into_iter()
            .zip(ends)
            .map(|(property, end): (_, f64)| {
                let mut alike = Animation { property: Property::new(property), ..animation.clone() };
                alike.keyframes[0].value = Value::Length(end.into());
                alike
            })
            .collect();
        let playing = |list: Vec<Animation>| {
            let mut starts = AnimationStarts::default();
            starts.update(&Animations(list), 0.0);
            Playing::new(&starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default())
        };
        let alone: Vec<Pose> = list.iter().map(|animation| pose(&playing(vec![animation.clone()]), now)).collect();
        list.insert(1, Animation { property: Property::new("transform.anchor.x"), ..other });
        let together = pose(&playing(list), now);
        prop_assert_eq!(together.opacity, alone[0].opacity);
        prop_assert_eq!(together.position.y, alone[1].position.y);
        prop_assert_eq!(together.skew.x, alone[2].skew.x);
    }
}
