//! What is played again, or sought back: it does as it did at first.

use super::{
    gradients::ramp,
    handover::{plain, playing, step, timeline, turn},
    *,
};
use crate::{
    animation::{
        AnimationControl as Control,
        timeline::{ActiveCue, CueList, CueTarget, PlayState, Playhead},
    },
    document::arbitrary,
    layer::LayerId,
};
use std::sync::Arc;

fn waiting(seconds: f64, rest: Value) -> Value {
    timeline(json!([{ "type": "wait", "seconds": seconds }, step(200.0, rest)]))
}

/// Degrees so many seconds after `now`.
fn from(layer: &Layer, now: f64) -> [f64; 5] {
    [0.0, 0.4, 0.6, 0.8, 5.0].map(|after| (layer.rotation(now + after) * 1e6).round() / 1e6)
}

const FIRST: [f64; 5] = [0.0, 0.0, 100.0, 200.0, 200.0];

#[test]
fn a_timeline_that_is_played_again_does_as_it_did_at_first() {
    let by = json!({ "property": "transform.rotation", "by": 200, "duration": 0.4, "delay": 0.4 });
    let by = timeline(json!([{ "type": "animate", "layer": "a", "animation": by }]));
    for show in [waiting(0.4, json!({ "duration": 0.4 })), by] {
        let mut layer = plain();
        layer.stand(0.0, &json!([show]), &[playing(0.0, 0.0, 1.0)]);
        assert_eq!(from(&layer, 0.0), FIRST);
        // From its end, and while it runs.
        for now in [2.0, 2.5, 2.7, 3.0, 9.0] {
            layer.stand(now, &json!([show]), &[playing(now, 0.0, 1.0)]);
            assert_eq!(from(&layer, now), FIRST, "at {now}");
        }
        // Sought back while it runs.
        for (now, position) in [(10.0, 0.1), (11.0, 0.2), (11.5, 0.3), (11.8, 0.35)] {
            layer.stand(now, &json!([show]), &[playing(now, position, 1.0)]);
            assert_eq!(from(&layer, now - position), FIRST, "to {position} at {now}");
        }
        // Paused, sought and played on, or cancelled and played.
        let paused = Playhead { since: 20.0, position: 0.2, rate: 1.0, running: false };
        layer.stand(20.0, &json!([show]), &[Some(paused)]);
        assert_eq!(layer.rotation(30.0), 0.0);
        layer.stand(30.0, &json!([show]), &[playing(30.0, 0.2, 1.0)]);
        assert_eq!(from(&layer, 29.8), FIRST);
        layer.stand(40.0, &json!([show]), &[None]);
        layer.stand(40.0, &json!([show]), &[playing(40.0, 0.0, 1.0)]);
        assert_eq!(from(&layer, 40.0), FIRST);
    }
}

/// What is changed of it at that very moment begins where it is written to as well.
#[test]
fn one_that_is_edited_and_played_again_begins_where_it_is_written_to() {
    for wait in [0.0, 0.4] {
        let show = |to: f64| {
            timeline(json!([{ "type": "wait", "seconds": wait }, step(to, json!({ "duration": 0.8 - wait }))]))
        };
        let mut layer = plain();
        layer.stand(0.0, &json!([show(100.0)]), &[playing(0.0, 0.0, 1.0)]);
        layer.stand(2.0, &json!([show(200.0)]), &[playing(2.0, 0.0, 1.0)]);
        assert_eq!(layer.rotation(2.0), 0.0);
        assert!((layer.rotation(2.6) - if wait == 0.0 { 150.0 } else { 100.0 }).abs() < 1e-6);
        // Where it stands, though, it goes on from what is shown.
        let before = layer.rotation(2.7);
        layer.stand(2.7, &json!([show(-50.0)]), &[playing(2.7, 0.7, 1.0)]);
        assert!((layer.rotation(2.7) - before).abs() < 1e-6);
    }
}

/// What another one has shown is gone with it, be it in the same batch.
#[test]
fn one_that_waits_begins_with_what_is_there_when_another_is_cancelled() {
    let mut other = timeline(json!([step(-90.0, json!({ "duration": 1 }))]));
    other["id"] = json!("other");
    let show = waiting(0.4, json!({ "duration": 0.4 }));
    let mut layer = plain();
    layer.stand(0.0, &json!([other]), &[playing(0.0, 0.0, 1.0)]);
    layer.stand(2.0, &json!([other, show]), &[None, playing(2.0, 0.0, 1.0)]);
    assert_eq!(from(&layer, 2.0), FIRST);
    // While it is there it is what is gone on from, each time.
    for now in [10.0, 12.0, 12.5] {
        layer.stand(now, &json!([other, show]), &[playing(0.0, 0.0, 1.0), playing(now, 0.0, 1.0)]);
        assert!((layer.rotation(now + 0.4) - -90.0).abs() < 1e-6, "{} at {now}", layer.rotation(now + 0.4));
        assert!((layer.rotation(now + 0.6) - 55.0).abs() < 1e-6, "{} at {now}", layer.rotation(now + 0.6));
    }
}

/// One half of a pair that another timeline had last: the other half begins where it is written to.
#[test]
fn a_pair_that_is_played_again_begins_anew_where_half_of_it_was_taken() {
    let animate = |id: &str, property: &str, to: Value| {
        let animation = json!({ "property": property, "to": to, "duration": 1 });
        json!({ "id": id, "autoplay": false, "steps": [{ "type": "animate", "layer": "a", "animation": animation }] })
    };
    let place = animate("place", "transform.position", json!({ "x": 100, "y": 100 }));
    let half = animate("half", "transform.position.y", json!(20));
    let mut layer = plain();
    let place_at = |layer: &Layer, now: f64| {
        let position = Pose::new(&layer.transform, &layer.opacity, &layer.playing, now).position;
        [position.x, position.y].map(|axis| (axis * 1e6).round() / 1e6)
    };
    layer.stand(0.0, &json!([place]), &[playing(0.0, 0.0, 1.0)]);
    layer.stand(2.0, &json!([place, half]), &[playing(0.0, 0.0, 1.0), playing(2.0, 0.0, 1.0)]);
    assert_eq!(place_at(&layer, 3.0), [100.0, 20.0]);
    layer.stand(4.0, &json!([half, place]), &[playing(2.0, 0.0, 1.0), playing(4.0, 0.0, 1.0)]);
    assert_eq!([4.0, 4.5, 5.0].map(|now| place_at(&layer, now)), [[0.0, 20.0], [50.0, 60.0], [100.0, 100.0]]);
}

impl Layer {
    /// Steers the first animation by several in one batch.
    fn steer_by(&mut self, now: f64, controls: &[Control]) {
        self.edit(now, |layer| controls.iter().for_each(|control| layer.starts.control(0, *control, now)));
    }
}

#[test]
fn a_single_animation_that_is_sought_back_or_played_again_does_as_it_did_at_first() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(200.0, json!({ "duration": 0.4, "delay": 0.4 }))]));
    assert_eq!(from(&layer, 0.0), FIRST);
    for (now, position) in [(2.0, 0.2), (2.5, 0.1), (9.0, 0.3)] {
        layer.steer_by(now, &[Control::Seek { to: position }]);
        assert_eq!(from(&layer, now - position), FIRST, "to {position} at {now}");
    }
    let batches: [&[Control]; 5] = [
        &[Control::Play],
        &[Control::Restart],
        &[Control::Cancel, Control::Play],
        &[Control::Pause, Control::Seek { to: 0.0 }, Control::Play],
        &[Control::Cancel, Control::Seek { to: 0.0 }, Control::Play],
    ];
    for (place, batch) in batches.into_iter().enumerate() {
        let now = 20.0 + 10.0 * f64::from(u8::try_from(place).expect("few"));
        layer.steer_by(now, batch);
        assert_eq!(from(&layer, now), FIRST, "{batch:?}");
    }
}

/// From another that is gone it goes on all the same, and does so again.
#[test]
fn what_a_single_animation_has_taken_over_stays_with_it() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(50.0, json!({ "duration": 1 }))]));
    layer.animate(2.0, json!([turn(200.0, json!({ "duration": 0.4, "delay": 0.4 }))]));
    let first = from(&layer, 2.0);
    assert_eq!(first, [50.0, 50.0, 125.0, 200.0, 200.0]);
    layer.steer_by(5.0, &[Control::Seek { to: 0.2 }]);
    assert_eq!(from(&layer, 4.8), first);
    // The same one, added once more, goes on from the first.
    layer.animate(20.0, json!([]));
    let turn = || turn(200.0, json!({ "duration": 0.4, "delay": 0.4 }));
    layer.animate(20.0, json!([turn()]));
    layer.edit(25.0, |layer| layer.starts.forget(&[0]));
    assert_eq!(from(&layer, 25.0), [200.0; 5]);
}

#[test]
fn gradients_begin_where_they_are_written_to_as_well() {
    let fill = |to: &str| json!({ "property": "content.fill", "to": ramp(to, to), "duration": 1 });
    let show = |to: &str| timeline(json!([{ "type": "animate", "layer": "a", "animation": fill(to) }]));
    let mut layer = plain();
    layer.stand(0.0, &json!([show("#888888")]), &[playing(0.0, 0.0, 1.0)]);
    assert_eq!([0.0, 1.0].map(|now| layer.greys(now)), [[0; 2], [0x88; 2]]);
    layer.stand(2.0, &json!([show("#ffffff")]), &[playing(2.0, 0.0, 1.0)]);
    assert_eq!([2.0, 3.0].map(|now| layer.greys(now)), [[0; 2], [0xff; 2]]);
    let mut layer = plain();
    layer.animate(0.0, json!([fill("#ffffff")]));
    layer.steer_by(2.0, &[Control::Cancel, Control::Play]);
    assert_eq!([2.0, 3.0].map(|now| layer.greys(now)), [[0; 2], [0xff; 2]]);
    // From one beneath it, it goes on each time.
    let mut layer = plain();
    layer.animate(0.0, json!([fill("#ffffff")]));
    layer.animate(2.0, json!([fill("#ffffff"), fill("#000000")]));
    for now in [2.0, 5.0] {
        assert_eq!([now, now + 1.0].map(|now| layer.greys(now)), [[0xff; 2], [0; 2]], "{now}");
        layer.edit(5.0, |layer| layer.starts.control(1, Control::Play, 5.0));
    }
}

/// Layers as a timeline finds them.
#[derive(Clone)]
struct Troupe(Vec<(LayerId, Layer)>);

impl Troupe {
    fn new() -> Self {
        Self(["a", "b", "c"].map(|id| (LayerId::new(id).expect("an id"), plain())).into())
    }

    fn ids() -> Vec<LayerId> {
        Self::new().0.into_iter().map(|(id, _)| id).collect()
    }

    fn stand(&mut self, now: f64, list: &CueList, playhead: Option<Playhead>) {
        for (id, layer) in &mut self.0 {
            let cues = list.cues().iter().filter(|cue| cue.target == CueTarget::Layer(id.clone()));
            let cues = cues.filter_map(|cue| Some(ActiveCue::new(Arc::clone(cue), list, playhead?)));
            let cues = Cues(cues.collect());
            layer.edit(now, |layer| layer.cues = cues);
        }
    }

    /// Where all are. Whether they move is no matter of that.
    fn poses(&self, now: f64) -> Vec<Pose> {
        let pose = |layer: &Layer| Pose::new(&layer.transform, &layer.opacity, &layer.playing, now);
        let still = |pose: Pose| Pose { moving: false, reshaping: false, ..pose };
        self.0.iter().map(|(_, layer)| still(pose(layer))).collect()
    }
}

/// How a timeline is steered: by what it stands elsewhere, in sixty-fourths of a second, and whether it runs then.
#[derive(Clone, Debug)]
enum Jump {
    Again,
    Seek(u32),
    PausedSeek(u32),
    Pause,
    Play,
    Cancel,
}

fn any_jump() -> impl Strategy<Value = Jump> {
    prop_oneof![
        Just(Jump::Again),
        (0..400_u32).prop_map(Jump::Seek),
        (0..400_u32).prop_map(Jump::PausedSeek),
        Just(Jump::Pause),
        Just(Jump::Play),
        Just(Jump::Cancel),
    ]
}

/// In binary fractions sums of times are exact.
fn sixty_fourths(count: u32) -> f64 {
    f64::from(count) / 64.0
}

fn any_batch() -> impl Strategy<Value = Vec<Control>> {
    let control = prop_oneof![
        Just(Control::Play),
        Just(Control::Pause),
        Just(Control::Reverse),
        Just(Control::Restart),
        Just(Control::Cancel),
        (0..400_u32).prop_map(|to| Control::Seek { to: sixty_fourths(to) }),
    ];
    proptest::collection::vec(control, 1..4)
}

proptest! {
    /// Wherever a timeline is sent, and by whatever way, what it makes of layers follows from where it stands.
    #[test]
    fn a_timeline_shows_what_one_that_played_to_there_shows(
        (timelines, _) in arbitrary::motion(Troupe::ids()),
        jumps in proptest::collection::vec((0..300_u32, any_jump()), 1..8),
        later in 0..400_u32,
        rate in proptest::sample::select(vec![0.5, 1.0, 2.0]),
    ) {
        for list in CueList::lay_out(&timelines) {
            let mut straight = Troupe::new();
            straight.stand(0.0, &list, playing(0.0, 0.0, 1.0));
            let mut steered = Troupe::new();
            let (mut now, mut playhead) = (0.0, playing(0.0, 0.0, rate));
            steered.stand(now, &list, playhead);
            for (pause, jump) in &jumps {
                now += sixty_fourths(*pause);
                let stands = |playhead: Playhead| playhead.at(now, list.end()) as f64 / 1e9;
                let here = playhead.map_or(0.0, stands);
                let go = |position: f64| playing(now, position, rate);
                let stand = |position: f64| Some(Playhead { since: now, position, rate, running: false });
                playhead = match jump {
                    Jump::Again => go(0.0),
                    Jump::Play => go(if list.end().is_some_and(|end| here >= end as f64 / 1e9) { 0.0 } else { here }),
                    Jump::Seek(to) if playhead.is_some_and(|playhead| playhead.running) => go(sixty_fourths(*to)),
                    Jump::Seek(to) | Jump::PausedSeek(to) => stand(sixty_fourths(*to)),
                    Jump::Pause => playhead.and(stand(here)),
                    Jump::Cancel => None,
                };
                steered.stand(now, &list, playhead);
                let undisturbed = |at: f64| match playhead {
                    Some(playhead) => straight.poses(playhead.at(at, list.end()) as f64 / 1e9),
                    None => Troupe::new().poses(at),
                };
                for at in [now, now + sixty_fourths(later)] {
                    prop_assert_eq!(steered.poses(at), undisturbed(at), "{:?} at {}, {} later", jump, now, at - now);
                }
            }
        }
    }

    /// So it is with an animation that is steered alone, whatever is asked of it in one batch.
    #[test]
    fn an_animation_shows_what_one_that_played_to_there_shows(
        easing in proptest::sample::select(vec!["linear", "easeInOut", "easeOutBack", "steps(3)"]),
        (delay, speed) in (0..100_u32, proptest::sample::select(vec![0.5, 1.0, 2.0])),
        way in proptest::sample::select(vec!["to", "by"]),
        (rounds, ping_pong) in (1..4, any::<bool>()),
        batches in proptest::collection::vec((0..200_u32, any_batch()), 1..8),
        later in 0..200_u32,
    ) {
        let animation = json!({ "property": "transform.rotation", way: 90, "duration": 1.25, "easing": easing,
            "delay": sixty_fourths(delay), "speed": speed, "repeat": rounds, "pingPong": ping_pong });
        let mut layer = plain();
        layer.animate(0.0, json!([animation]));
        let undisturbed = layer.clone();
        let mut now = 0.0;
        for (pause, batch) in batches {
            now += sixty_fourths(pause);
            layer.steer_by(now, &batch);
            for at in [now, now + sixty_fourths(later)] {
                let status = &layer.starts.status(at)[0];
                let expected = match status.state {
                    PlayState::Idle => 0.0,
                    _ => undisturbed.rotation(status.position.expect("it waits for none")),
                };
                prop_assert_eq!(layer.rotation(at), expected, "{:?} at {}, {} later", batch, now, at - now);
            }
        }
    }
}
