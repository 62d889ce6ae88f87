mod again;
mod beneath;
mod gradients;
mod halves;
mod handover;
mod holding;
mod interruptions;
mod many;
mod pairs;
mod rounds;
mod steering;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    animation::{Animations, Part, playing::Lookup},
    computed::Pose,
    content::Content,
    layer::Opacity,
    transform::Transform,
};

/// Seconds over which a speed is measured, twice.
const NEAR: f64 = 1e-4;

/// A layer that is edited from time to time.
#[derive(Clone, Debug)]
struct Layer {
    transform: Transform,
    opacity: Opacity,
    content: Content,
    animations: Animations,
    cues: Cues,
    transitions: Transitions,
    starts: AnimationStarts,
    drifts: Drifts,
    playing: Playing,
    way: Lookup,
}

impl Layer {
    fn new(transitions: Value) -> Self {
        let content = json!({ "type": "shape", "geometry": { "type": "rect", "width": 10, "height": 10 },
            "fill": "#000000" });
        let content: Content = serde_json::from_value(content).expect("a content");
        let transitions: Transitions = serde_json::from_value(transitions).expect("transitions");
        assert_eq!(check_transitions(&transitions.0, &content), []);
        let mut layer = Self {
            transform: Transform::default(),
            opacity: Opacity::default(),
            content,
            animations: Animations::default(),
            cues: Cues::default(),
            transitions,
            starts: AnimationStarts::default(),
            drifts: Drifts::default(),
            playing: Playing::default(),
            way: Lookup::BySize,
        };
        layer.edit(0.0, |_| {});
        layer
    }

    fn edit(&mut self, now: f64, change: impl FnOnce(&mut Self)) {
        change(self);
        let Self { transform, opacity, content, animations, cues, transitions, starts, drifts, playing, way } = self;
        starts.update(animations, now);
        let after = Playing::new(starts, cues, &*content, transform, opacity).looked_up(*way);
        let of_layer = (Parts::from(&*content), &*transform, &*opacity);
        drifts.update(transitions, (&*starts, &*cues), (&*playing, &after), of_layer, now);
        *playing = after.with_drifts(drifts);
    }

    fn turn(&mut self, now: f64, rotation: f64) {
        self.edit(now, |layer| layer.transform.rotation = rotation);
    }

    fn animate(&mut self, now: f64, animations: Value) {
        self.edit(now, |layer| layer.animations = serde_json::from_value(animations).expect("animations"));
    }

    fn rotation(&self, now: f64) -> f64 {
        Pose::new(&self.transform, &self.opacity, &self.playing, now).rotation.to_degrees()
    }

    /// Whether nothing has ended within the time over which the speed before `now` is measured: what rests since then would
    /// seem to move.
    fn has_gone_on(&self, now: f64) -> bool {
        let then = now - 3.0 * NEAR;
        let states = |at: f64| self.starts.status(at).into_iter().map(|status| status.state).collect::<Vec<_>>();
        states(then) == states(now) && self.drifts.left(then).count() == self.drifts.left(now).count()
    }

    /// Degrees a second, looked at from the time before `now` or from that after.
    fn speed(&self, now: f64, side: f64) -> f64 {
        // Of a parabola through three points: the motion is curved.
        let [here, near, far] = [0.0, NEAR, 2.0 * NEAR].map(|away| self.rotation(now + side * away));
        (4.0 * near - far - 3.0 * here) / (2.0 * NEAR) * side
    }
}

fn eased(easing: &str) -> Layer {
    Layer::new(json!([{ "property": "transform.rotation", "duration": 2, "easing": easing }]))
}

fn sprung() -> Layer {
    Layer::new(json!([{ "property": "transform.rotation", "spring": { "stiffness": 80, "damping": 6 } }]))
}

#[test]
fn from_rest_a_change_follows_its_easing() {
    for name in ["linear", "easeOut", "easeOutBack", "steps(4)", "easeOutElastic"] {
        let mut layer = eased(name);
        layer.turn(10.0, 90.0);
        let easing: Easing = name.parse().expect("an easing");
        for tenth in 0..=20 {
            let t = f64::from(tenth) / 10.0;
            let expected = 90.0 * easing.ease(t / 2.0);
            assert!((layer.rotation(10.0 + t) - expected).abs() < 1e-9, "{name} after {t}");
        }
        assert_eq!(layer.rotation(12.0), 90.0_f64.to_radians().to_degrees());
        assert!(layer.playing.is_quiet_between(12.1, f64::INFINITY));
        assert_eq!(layer.drifts.left(12.0).count(), 0);
    }
}

#[test]
fn the_authored_value_counts_where_there_is_no_transition() {
    let mut layer = Layer::new(json!([{ "property": "opacity", "duration": 2 }]));
    layer.turn(1.0, 90.0);
    assert!((layer.rotation(1.0) - 90.0).abs() < 1e-9);
    // One that comes holds for the changes after it, and one that goes ends what it moves.
    layer.edit(2.0, |layer| layer.transitions = eased("linear").transitions);
    assert!((layer.rotation(2.0) - 90.0).abs() < 1e-9);
    layer.turn(3.0, 0.0);
    assert!((layer.rotation(4.0) - 45.0).abs() < 1e-9);
    layer.edit(4.0, |layer| layer.transitions = Transitions::default());
    assert_eq!(layer.rotation(4.0), 0.0);
}

/// A half that has its own is moved by that, and the other one by that of the pair.
#[test]
fn one_within_another_is_refused() {
    let content: Content = serde_json::from_value(json!({ "type": "gradient", "gradient": { "type": "linear",
        "angle": 0, "stops": [{ "offset": 0, "color": "#000" }, { "offset": 1, "color": "#fff" }] },
        "size": { "width": 10, "height": 10 } }))
    .expect("a content");
    let faults = |properties: [&str; 2]| {
        let all: Vec<Transition> = properties
            .iter()
            .map(|property| {
                serde_json::from_value(json!({ "property": property, "duration": 1 })).expect("a transition")
            })
            .collect();
        check_transitions(&all, &content)
    };
    for (one, other) in
        [("content.gradient", "content.gradient.angle"), ("content.gradient.stops.1.color", "content.gradient")]
    {
        let found = faults([one, other]);
        let [fault] = &*found else { panic!("{found:?}") };
        assert_eq!(fault.pointer, "/1/property");
        assert!(fault.found.contains(one) && fault.found.contains(other), "{fault:?}");
    }
    for pair in [
        ["transform.position", "transform.position.x"],
        ["transform.scale.y", "transform.scale"],
        ["content.gradient.angle", "content.gradient.stops.0.color"],
    ] {
        assert_eq!(faults(pair), [], "{pair:?}");
    }
}

#[test]
fn an_angle_turns_the_shorter_way_if_it_is_asked_to() {
    let turn = json!({ "property": "transform.rotation", "duration": 1, "easing": "linear", "rotate": "shortest" });
    let mut layer = Layer::new(json!([turn]));
    layer.turn(1.0, 350.0);
    let seen = [1.0, 1.5, 2.0].map(|at| layer.rotation(at).rem_euclid(360.0).round());
    assert_eq!(seen, [0.0, 355.0, 350.0]);
    layer.turn(3.0, 20.0);
    assert!((layer.rotation(3.5).rem_euclid(360.0) - 5.0).abs() < 1e-9);
}

#[test]
fn a_change_that_is_none_disturbs_nothing() {
    let mut layer = eased("ease");
    layer.turn(1.0, 90.0);
    let undisturbed = layer.clone();
    layer.edit(1.5, |layer| layer.opacity = Opacity(0.5));
    layer.edit(1.7, |_| {});
    for at in [1.5, 1.8, 2.5, 4.0] {
        assert_eq!(layer.rotation(at), undisturbed.rotation(at));
    }
}

#[test]
fn contents_move_too_and_lengths_only_within_their_unit() {
    let mut layer = Layer::new(json!([
        { "property": "content.geometry.width", "duration": 1, "easing": "linear" },
        { "property": "content.fill", "duration": 1, "easing": "linear" },
    ]));
    let shape =
        json!({ "type": "shape", "geometry": { "type": "rect", "width": 30, "height": 10 }, "fill": "#ffffff" });
    layer.edit(5.0, |layer| layer.content = serde_json::from_value(shape).expect("a content"));
    let at = |now: f64| {
        let mut content = layer.content.clone();
        layer.playing.apply_to(Part::Content, &mut content, now);
        serde_json::to_value(content).expect("json")
    };
    assert_eq!([5.0, 5.5, 6.0, 9.0].map(|now| at(now)["geometry"]["width"].clone()), [10.0, 20.0, 30.0, 30.0]);
    let fills = [5.0, 6.0].map(|now| at(now)["fill"].clone());
    assert_eq!(fills, ["#000000", "#ffffff"]);
    assert!(layer.playing.animates(Part::Content));
}

#[test]
fn an_animation_that_is_taken_away_lets_go_without_a_jump() {
    for mut layer in [eased("ease"), sprung()] {
        let spin =
            json!([{ "property": "transform.rotation", "from": 0, "to": 360, "duration": 2, "repeat": "forever" }]);
        layer.animate(0.0, spin);
        let before = layer.rotation(7.3);
        let speed = layer.speed(7.3, -1.0);
        layer.animate(7.3, json!([]));
        assert!((layer.rotation(7.3) - before).abs() < 1e-9);
        assert!((layer.speed(7.3, 1.0) - speed).abs() < 0.1, "{} after {speed}", layer.speed(7.3, 1.0));
        assert_eq!(layer.rotation(60.0), 0.0);
    }
}

#[test]
fn what_is_no_transition_is_refused_with_the_remedy() {
    let content: Content = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    let told = |transitions: Value| -> Vec<String> {
        let transitions: Transitions = serde_json::from_value(transitions).expect("transitions");
        check_transitions(&transitions.0, &content).iter().map(ToString::to_string).collect()
    };
    let faults = told(json!([
        { "property": "opacty", "duration": 1 },
        { "property": "opacity" },
        { "property": "opacity", "duration": 1, "spring": {} },
        { "property": "transform.rotation", "easing": "linear", "spring": { "bounce": 3 } },
        { "property": "transform.scale", "duration": 1, "rotate": "shortest" },
    ]));
    let expected = [
        "did you mean `opacity`?",
        "/1: found neither `duration` nor `spring`",
        "/2/property: found a second transition of `opacity`",
        "/2/duration: found `duration` beside `spring`",
        "/3/easing: found `easing` beside `spring`",
        "/3/spring/bounce: found 3, expected a number from -0.95 to 0.95",
        "/4/rotate: found `rotate` for `transform.scale`",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected), "{fault}");
    }
}

/// What happens to a layer: degrees that it is turned to, or an animation, so many seconds after what was before.
fn any_edits() -> impl Strategy<Value = Vec<(f64, Result<f64, Value>)>> {
    let easing = proptest::sample::select(vec!["linear", "easeInOut", "easeOutBack", "easeInOutSine"]);
    let animation = (-500.0..500.0, -500.0..500.0, 0.2..3.0, easing, any::<bool>()).prop_map(
        |(from, to, duration, easing, ping_pong)| {
            json!([{ "property": "transform.rotation", "from": from, "to": to, "duration": duration, "easing": easing,
                "repeat": 4, "pingPong": ping_pong }])
        },
    );
    let edit = prop_oneof![3 => (-500.0..500.0).prop_map(Ok), 1 => animation.prop_map(Err), 1 => Just(Err(json!([])))];
    proptest::collection::vec((0.03..1.5, edit), 1..8)
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let easing =
        proptest::sample::select(vec!["linear", "ease", "easeOut", "easeOutBack", "easeInOutSine", "easeOutQuint"]);
    let eased = (0.2..3.0, easing).prop_map(|(duration, easing)| {
        Layer::new(json!([{ "property": "transform.rotation", "duration": duration, "easing": easing }]))
    });
    let sprung = (20.0..400.0, 2.0..60.0).prop_map(|(stiffness, damping)| {
        let spring = json!({ "stiffness": stiffness, "damping": damping });
        Layer::new(json!([{ "property": "transform.rotation", "spring": spring }]))
    });
    prop_oneof![eased, sprung]
}

proptest! {
    /// However a layer is changed and whenever, it goes on from where it is with the velocity that it has. (One that
    /// rests may start as suddenly as its easing does, and what an animation does by itself is its own affair.)
    #[test]
    fn retargeting_is_continuous_in_value_and_velocity(mut layer in any_layer(), edits in any_edits()) {
        let mut now = 0.0;
        for (pause, edit) in edits {
            now += pause;
            let (value, velocity) = (layer.rotation(now), layer.speed(now, -1.0));
            let (edges, has_gone_on) = ([layer.speed(now, 1.0)], layer.has_gone_on(now));
            match edit {
                Ok(rotation) => layer.turn(now, rotation),
                Err(animations) => layer.animate(now, animations),
            }
            prop_assert!((layer.rotation(now) - value).abs() < 1e-6, "at {}: {} after {}", now, layer.rotation(now), value);
            let is_flying = velocity.abs() > 1e-3 && layer.drifts.left(now).next().is_some();
            // Where it turned at this very moment by itself, either velocity will do.
            let is_smooth = has_gone_on && (edges[0] - velocity).abs() < 0.5 + 1e-3 * velocity.abs();
            if is_flying && is_smooth {
                let after = layer.speed(now, 1.0);
                let allowed = 1.0 + 2e-2 * velocity.abs();
                prop_assert!((after - velocity).abs() < allowed, "at {}: {} after {}", now, after, velocity);
            }
        }
        // In the end everything is where it was written to be.
        layer.animate(now, json!([]));
        prop_assert!((layer.rotation(now + 1e4) - layer.transform.rotation).abs() < 1e-9);
    }

    /// What is left of a change is all that has to be kept to go on with it.
    #[test]
    fn a_change_goes_on_after_it_was_kept(mut layer in any_layer(), edits in any_edits(), later in 0.0..3.0) {
        let mut now = 0.0;
        for (pause, edit) in edits {
            now += pause;
            match edit {
                Ok(rotation) => layer.turn(now, rotation),
                Err(animations) => layer.animate(now, animations),
            }
        }
        let kept = serde_json::to_string(&layer.drifts.left(now).collect::<Vec<_>>()).expect("json");
        let mut resumed = layer.clone();
        resumed.playing = Playing::default();
        resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
        resumed.edit(now, |_| {});
        prop_assert_eq!(resumed.rotation(now + later), layer.rotation(now + later));
        for layer in [&mut layer, &mut resumed] {
            layer.turn(now + later, 33.0);
        }
        prop_assert_eq!(resumed.rotation(now + later + 0.1), layer.rotation(now + later + 0.1));
    }
}
