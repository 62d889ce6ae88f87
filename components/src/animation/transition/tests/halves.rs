//! What lets go of a pair is smoothed by the transition of a half of it, and the other way round.

use super::{
    handover::playing,
    pairs::{line, to},
    *,
};

const PAIRS: [&str; 5] =
    ["transform.position", "transform.scale", "transform.anchor", "transform.skew", "content.geometry.to"];

/// A layer whose `pair` is written to be at 5 and 3, with transitions of the pair, of its first half, or of both.
fn layer(pair: &str, smoothed: Smoothed) -> Layer {
    let of = |property: &str, duration: f64| json!({ "property": property, "duration": duration });
    let half = half(pair);
    let transitions = match smoothed {
        Smoothed::Pair => json!([of(pair, 1.0)]),
        Smoothed::Half => json!([of(&half, 1.0)]),
        Smoothed::Both => json!([of(pair, 2.0), of(&half, 1.0)]),
    };
    let mut layer = line();
    layer.set(pair, [5.0, 3.0]);
    layer.transitions = serde_json::from_value(transitions).expect("transitions");
    assert_eq!(check_transitions(&layer.transitions.0, &layer.content), []);
    layer.edit(0.0, |_| {});
    layer
}

fn half(pair: &str) -> String {
    format!("{pair}.x")
}

#[derive(Clone, Copy, Debug)]
enum Smoothed {
    Pair,
    Half,
    Both,
}

const SMOOTHED: [Smoothed; 3] = [Smoothed::Pair, Smoothed::Half, Smoothed::Both];

impl Smoothed {
    fn axes(self) -> &'static [usize] {
        if matches!(self, Self::Half) { &[0] } else { &[0, 1] }
    }
}

impl Layer {
    fn set(&mut self, pair: &str, [x, y]: [f64; 2]) {
        let value = json!({ "x": x, "y": y });
        if let Some(name) = pair.strip_prefix("transform.") {
            let mut transform = serde_json::to_value(self.transform).expect("json");
            transform[name] = value;
            self.transform = serde_json::from_value(transform).expect("a transform");
        } else {
            let mut content = serde_json::to_value(&self.content).expect("json");
            content["geometry"]["to"] = value;
            self.content = serde_json::from_value(content).expect("a content");
        }
    }

    fn pair(&self, pair: &str, now: f64) -> [f64; 2] {
        let pose = Pose::new(&self.transform, &self.opacity, &self.playing, now);
        let vector = match pair {
            "transform.position" => pose.position,
            "transform.scale" => pose.scale,
            "transform.anchor" => pose.anchor,
            "transform.skew" => kurbo::Vec2::new(pose.skew.x.to_degrees(), pose.skew.y.to_degrees()),
            _ => return self.end(now),
        };
        [vector.x, vector.y]
    }

    /// How fast each half goes, looked at from the time before `now` or from that after.
    fn pair_speed(&self, pair: &str, now: f64, side: f64) -> [f64; 2] {
        let [here, near, far] = [0.0, NEAR, 2.0 * NEAR].map(|away| self.pair(pair, now + side * away));
        std::array::from_fn(|axis| (4.0 * near[axis] - far[axis] - 3.0 * here[axis]) / (2.0 * NEAR) * side)
    }

    /// Whether an edit changes nothing of what is shown of these halves at its moment, nor how fast they go.
    fn goes_on(&mut self, pair: &str, now: f64, axes: &[usize], told: &str, edit: impl FnOnce(&mut Self)) {
        let (value, speed) = (self.pair(pair, now), self.pair_speed(pair, now, -1.0));
        edit(self);
        let (is, goes) = (self.pair(pair, now), self.pair_speed(pair, now, 1.0));
        for axis in axes.iter().copied() {
            assert!((is[axis] - value[axis]).abs() < 1e-6, "{told}: {value:?} then {is:?} at {now}");
            assert!((goes[axis] - speed[axis]).abs() < 0.3, "{told}: {speed:?} then {goes:?} at {now}");
        }
    }

    fn is_at(&self, pair: &str, now: f64, expected: [f64; 2], told: &str) {
        let is = self.pair(pair, now);
        let is_there = is.iter().zip(expected).all(|(is, expected)| (is - expected).abs() < 1e-6);
        assert!(is_there, "{told}: {is:?}, not {expected:?}, at {now}");
    }
}

/// An animation of the pair, of its first half, and of the pair with that half told.
fn animations(pair: &str, [x, y]: [f64; 2]) -> [Value; 3] {
    [to(pair, json!({ "x": x, "y": y }), 2.0), to(&half(pair), json!(x), 2.0), to(pair, json!({ "x": x }), 2.0)]
}

fn timeline(id: &str, animation: &Value) -> Value {
    json!({ "id": id, "autoplay": false, "steps": [{ "type": "animate", "layer": "a", "animation": animation }] })
}

#[test]
fn what_lets_go_of_a_pair_or_of_a_half_is_smoothed_by_the_transition_of_either() {
    for pair in PAIRS {
        for smoothed in SMOOTHED {
            for animation in animations(pair, [25.0, -9.0]) {
                let told = format!("{animation} with transitions of {smoothed:?}");
                let (start, axes) = (layer(pair, smoothed), smoothed.axes());
                let shows = json!([timeline("show", &animation)]);
                let mut played = start.clone();
                played.stand(1.0, &shows, &[playing(1.0, 0.0, 1.0)]);

                let mut layer = played.clone();
                layer.goes_on(pair, 2.0, axes, &told, |layer| layer.stand(2.0, &shows, &[None]));
                layer.is_at(pair, 9.0, [5.0, 3.0], &told);

                // Something is set beneath it before that, or at that moment.
                let mut layer = played.clone();
                layer.goes_on(pair, 1.7, &[0, 1], &told, |layer| layer.edit(1.7, |layer| layer.set(pair, [-7.0, 3.0])));
                layer.goes_on(pair, 2.0, axes, &told, |layer| layer.stand(2.0, &shows, &[None]));
                layer.is_at(pair, 9.0, [-7.0, 3.0], &told);
                let mut layer = played.clone();
                layer.goes_on(pair, 2.0, axes, &told, |layer| {
                    layer.set(pair, [-7.0, 3.0]);
                    layer.stand(2.0, &shows, &[None]);
                });
                // So it is when something is set while that still moves.
                layer.goes_on(pair, 2.3, axes, &told, |layer| layer.edit(2.3, |layer| layer.set(pair, [8.0, 3.0])));
                layer.is_at(pair, 9.0, [8.0, 3.0], &told);

                let mut layer = start.clone();
                layer.goes_on(pair, 1.0, axes, &told, |layer| layer.animate(1.0, json!([animation])));
                layer.goes_on(pair, 2.0, axes, &told, |layer| layer.animate(2.0, json!([])));
                layer.is_at(pair, 9.0, [5.0, 3.0], &told);
            }
        }
    }
}

/// What is under way by a transition is taken over by what moves the other kind, and left to it again.
#[test]
fn an_animation_takes_over_what_a_transition_of_the_other_kind_moves() {
    for pair in PAIRS {
        for smoothed in SMOOTHED {
            for animation in animations(pair, [25.0, -9.0]) {
                let told = format!("{animation} with transitions of {smoothed:?}");
                let (mut start, axes) = (layer(pair, smoothed), smoothed.axes());
                start.edit(1.0, |layer| layer.set(pair, [40.0, 30.0]));
                let shows = json!([timeline("show", &animation)]);
                let mut layer = start.clone();
                layer.goes_on(pair, 1.4, axes, &told, |layer| layer.stand(1.4, &shows, &[playing(1.4, 0.0, 1.0)]));
                layer.goes_on(pair, 1.6, axes, &told, |layer| layer.stand(1.6, &shows, &[None]));
                layer.is_at(pair, 9.0, [40.0, 30.0], &told);
                let mut layer = start.clone();
                layer.goes_on(pair, 1.4, axes, &told, |layer| layer.animate(1.4, json!([animation])));
                layer.goes_on(pair, 1.5, axes, &told, |layer| layer.edit(1.5, |layer| layer.set(pair, [0.0, 0.0])));
                layer.goes_on(pair, 1.8, axes, &told, |layer| layer.animate(1.8, json!([])));
                layer.is_at(pair, 9.0, [0.0, 0.0], &told);
            }
        }
    }
}

/// A timeline that is cancelled over another one, or over an animation of the layer itself.
#[test]
fn a_pair_is_left_to_what_moves_a_half_and_the_other_way_round() {
    for pair in PAIRS {
        for smoothed in SMOOTHED {
            for below in animations(pair, [-15.0, 9.0]) {
                for above in animations(pair, [25.0, -9.0]) {
                    let told = format!("{above} over {below} with transitions of {smoothed:?}");
                    let shows = json!([timeline("below", &below), timeline("above", &above)]);
                    let (ran, runs) = (playing(0.5, 0.0, 1.0), playing(1.0, 0.0, 1.0));
                    let end = layer(pair, smoothed);
                    let end_of = |layer: &mut Layer, is_own: bool| {
                        layer.goes_on(pair, 1.0, smoothed.axes(), &told, |layer| {
                            layer.stand(1.0, &shows, &[ran.filter(|_| !is_own), runs]);
                        });
                        layer.goes_on(pair, 1.8, smoothed.axes(), &told, |layer| {
                            layer.stand(1.8, &shows, &[ran.filter(|_| !is_own), None]);
                        });
                        let y = if below["to"]["y"].is_null() { 3.0 } else { 9.0 };
                        layer.is_at(pair, 9.0, [-15.0, y], &told);
                    };
                    let mut layer = end.clone();
                    layer.stand(0.5, &shows, &[ran, None]);
                    end_of(&mut layer, false);
                    let mut layer = end.clone();
                    layer.animate(0.5, json!([below]));
                    end_of(&mut layer, true);
                }
            }
        }
    }
}

#[test]
fn what_is_left_of_a_half_goes_on_after_it_was_kept() {
    for smoothed in SMOOTHED {
        let pair = "transform.position";
        let mut layer = layer(pair, smoothed);
        layer.edit(1.0, |layer| layer.set(pair, [40.0, 30.0]));
        let kept = serde_json::to_string(&layer.drifts.left(1.3).collect::<Vec<_>>()).expect("json");
        let mut resumed = layer.clone();
        resumed.playing = Playing::default();
        resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
        resumed.edit(1.3, |_| {});
        for at in [1.3, 1.6, 2.4, 4.0] {
            assert_eq!(resumed.pair(pair, at), layer.pair(pair, at), "{smoothed:?} at {at}");
        }
    }
}

/// What happens to a pair.
#[derive(Clone, Debug)]
enum Happening {
    Set([f64; 2]),
    /// The layer's own animations: of the pair, or of its half, each to there.
    Animate(Vec<(usize, [f64; 2])>),
    /// The timeline of the pair, or that of its half, is played, or cancelled if it is.
    Steer(usize),
}

fn any_happenings() -> impl Strategy<Value = Vec<(f64, Happening)>> {
    let place = || [-50.0..50.0, -50.0..50.0];
    let animations = proptest::collection::vec((0..3_usize, place()), 0..3);
    let one = prop_oneof![
        place().prop_map(Happening::Set),
        animations.prop_map(Happening::Animate),
        (0..2_usize).prop_map(Happening::Steer),
    ];
    proptest::collection::vec((0.03..1.5, one), 1..9)
}

proptest! {
    /// However a pair and its halves are changed, animated and steered, a half that a transition smooths goes on from where it
    /// is.
    #[test]
    fn no_half_that_is_smoothed_jumps(
        pair in proptest::sample::select(PAIRS.to_vec()),
        smoothed in proptest::sample::select(SMOOTHED.to_vec()),
        happenings in any_happenings(),
        way in proptest::sample::select(vec![Lookup::All, Lookup::Index]),
    ) {
        let mut layer = layer(pair, smoothed);
        layer.way = way;
        let shows = animations(pair, [25.0, -9.0]).map(|animation| timeline("", &animation));
        // Those that are played, in the order in which they were, each since when.
        let mut played: Vec<(usize, f64)> = Vec::new();
        let (mut now, mut authored) = (0.0, [5.0, 3.0]);
        for (pause, happening) in happenings {
            now += pause;
            let value = layer.pair(pair, now);
            let told = format!("{happening:?}");
            match happening {
                Happening::Set(to) => {
                    authored = to;
                    layer.edit(now, |layer| layer.set(pair, to));
                }
                Happening::Animate(all) => {
                    let all: Vec<Value> = all.into_iter().map(|(kind, to)| animations(pair, to)[kind].clone()).collect();
                    layer.animate(now, json!(all));
                }
                Happening::Steer(timeline) => {
                    match played.iter().position(|(other, _)| *other == timeline) {
                        Some(place) => _ = played.remove(place),
                        None => played.push((timeline, now)),
                    }
                    let list: Vec<Value> = played.iter().map(|(timeline, _)| {
                        let mut show = shows[*timeline].clone();
                        show["id"] = json!(["pair", "half"][*timeline]);
                        show
                    }).collect();
                    let playheads: Vec<_> = played.iter().map(|(_, since)| playing(*since, 0.0, 1.0)).collect();
                    layer.stand(now, &json!(list), &playheads);
                }
            }
            let is = layer.pair(pair, now);
            for axis in smoothed.axes().iter().copied() {
                prop_assert!((is[axis] - value[axis]).abs() < 1e-6, "{} at {}: {:?} after {:?}", told, now, is, value);
            }
        }
        // In the end everything is where it was written to be.
        layer.animate(now, json!([]));
        layer.stand(now, &json!([]), &[]);
        layer.is_at(pair, now + 1e4, authored, "at last");
    }
}
