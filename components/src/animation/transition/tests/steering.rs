//! Single animations that somebody steers.

use super::{
    handover::{plain, turn},
    *,
};
use crate::animation::{AnimationControl as Control, timeline::PlayState};

impl Layer {
    fn steer(&mut self, now: f64, index: usize, control: Control) {
        self.edit(now, |layer| layer.starts.control(index, control, now));
    }

    fn state(&self, now: f64) -> (PlayState, f64, f64) {
        let status = self.starts.status(now);
        (status[0].state, status[0].position.expect("it waits for none"), status[0].rate)
    }
}

fn continuous(layer: &Layer, at: f64) {
    assert!((layer.rotation(at - 1e-6) - layer.rotation(at + 1e-6)).abs() < 1e-3, "{}", layer.rotation(at));
    let (before, after) = (layer.speed(at - 1e-6, -1.0), layer.speed(at + 1e-6, 1.0));
    assert!((after - before).abs() < 0.5, "{before} then {after}");
}

#[test]
fn it_is_paused_played_sought_turned_and_cancelled() {
    let mut layer = plain();
    layer.animate(1.0, json!([turn(90.0, json!({ "duration": 4, "delay": 1 }))]));
    layer.steer(3.0, 0, Control::Pause);
    assert_eq!(layer.state(9.0), (PlayState::Paused, 2.0, 1.0));
    assert!((layer.rotation(99.0) - 22.5).abs() < 1e-9);
    assert!(layer.playing.is_quiet_between(3.0, f64::INFINITY), "what is paused costs nothing");
    layer.steer(10.0, 0, Control::Seek { to: 3.0 });
    assert!((layer.rotation(11.0) - 45.0).abs() < 1e-9);
    layer.steer(11.0, 0, Control::Rate { rate: 0.5 });
    layer.steer(11.0, 0, Control::Play);
    assert_eq!(layer.state(13.0), (PlayState::Playing, 4.0, 0.5));
    assert!((layer.rotation(13.0) - 67.5).abs() < 1e-9);
    assert!((layer.speed(13.0, 1.0) - 11.25).abs() < 1e-3);
    layer.steer(13.0, 0, Control::Reverse);
    assert!((layer.rotation(15.0) - 45.0).abs() < 1e-9);
    assert!((layer.speed(15.0, 1.0) + 11.25).abs() < 1e-3);
    assert_eq!(layer.state(30.0), (PlayState::Finished, 0.0, -0.5));
    assert!(layer.rotation(30.0).abs() < 1e-9);
    layer.steer(30.0, 0, Control::Rate { rate: 1.0 });
    layer.steer(30.0, 0, Control::Play);
    assert_eq!(layer.state(32.0), (PlayState::Playing, 2.0, 1.0));
    assert_eq!(layer.state(40.0), (PlayState::Finished, 5.0, 1.0));
    assert_eq!(layer.rotation(40.0), 90.0);
    assert!(layer.playing.is_quiet_between(35.1, f64::INFINITY));
    layer.steer(40.0, 0, Control::Cancel);
    assert_eq!((layer.state(41.0), layer.rotation(41.0)), ((PlayState::Idle, 0.0, 1.0), 0.0));
    layer.steer(50.0, 0, Control::Play);
    assert!((layer.rotation(52.0) - 22.5).abs() < 1e-9);
    layer.steer(52.0, 0, Control::Restart);
    assert!((layer.rotation(54.0) - 22.5).abs() < 1e-9);
    // From the end of one that has come to its end it begins again, backwards too.
    layer.steer(60.0, 0, Control::Play);
    assert!((layer.rotation(62.0) - 22.5).abs() < 1e-9);
    layer.steer(62.0, 0, Control::Seek { to: 0.0 });
    layer.steer(62.0, 0, Control::Reverse);
    assert!((layer.rotation(63.0) - 67.5).abs() < 1e-9);
}

#[test]
fn edits_of_others_leave_it_where_it_stands() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.steer(1.0, 0, Control::Pause);
    let other = json!({ "property": "opacity", "to": 0.5, "duration": 1 });
    layer.animate(5.0, json!([other, turn(90.0, json!({ "duration": 2 }))]));
    assert_eq!(layer.rotation(9.0), 45.0_f64.to_radians().to_degrees());
    layer.steer(9.0, 1, Control::Play);
    assert!((layer.rotation(9.5) - 67.5).abs() < 1e-9);
    // Another animation is a new one.
    layer.animate(9.5, json!([other, turn(91.0, json!({ "duration": 2, "from": 0 }))]));
    assert_eq!(layer.rotation(9.5), 0.0);
}

#[test]
fn what_waits_for_it_waits_as_long_as_it_takes() {
    let mut layer = plain();
    let second = turn(0.0, json!({ "duration": 1, "queue": "append" }));
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 })), second]));
    layer.steer(1.0, 0, Control::Pause);
    assert!((layer.rotation(100.0) - 45.0).abs() < 1e-9, "{}", layer.rotation(100.0));
    layer.steer(100.0, 0, Control::Play);
    layer.steer(100.0, 0, Control::Rate { rate: 2.0 });
    assert!((layer.rotation(100.5) - 90.0).abs() < 1e-9);
    assert!((layer.rotation(101.0) - 45.0).abs() < 1e-9);
    // One that has no effect is not waited for.
    layer.animate(200.0, json!([]));
    layer.animate(200.0, json!([turn(90.0, json!({ "duration": 2 })), second]));
    layer.steer(201.0, 0, Control::Cancel);
    assert!((layer.rotation(202.0)).abs() < 1e-9, "{}", layer.rotation(202.0));
}

/// One that waits is steered too: it begins when the other one has ended, as it was asked to.
#[test]
fn one_that_waits_for_another_waits_on_however_it_is_steered() {
    let pair = || {
        let second = turn(500.0, json!({ "duration": 1, "queue": "append" }));
        let mut layer = plain();
        layer.animate(0.0, json!([turn(300.0, json!({ "duration": 1 })), second]));
        layer
    };
    let near = |layer: &Layer, at: f64, expected: f64| {
        assert!((layer.rotation(at) - expected).abs() < 1e-6, "{} instead of {expected} at {at}", layer.rotation(at));
    };
    // The other one stands still meanwhile.
    for steered in [&[Control::Rate { rate: 2.0 }][..], &[Control::Pause, Control::Play, Control::Rate { rate: 2.0 }]] {
        let mut layer = pair();
        layer.steer(0.4, 0, Control::Pause);
        steered.iter().for_each(|control| layer.steer(0.4, 1, *control));
        layer.steer(5.0, 0, Control::Play);
        [(5.6, 300.0), (5.85, 400.0), (6.1, 500.0)].into_iter().for_each(|(at, is)| near(&layer, at, is));
    }
    // It becomes slower, or is paused, after that.
    let mut layer = pair();
    layer.steer(0.4, 1, Control::Rate { rate: 2.0 });
    layer.steer(0.4, 0, Control::Rate { rate: 0.5 });
    [(0.8, 180.0), (1.6, 300.0), (1.85, 400.0)].into_iter().for_each(|(at, is)| near(&layer, at, is));
    let mut layer = pair();
    layer.steer(0.4, 1, Control::Rate { rate: 1.0 });
    layer.steer(0.4, 0, Control::Pause);
    near(&layer, 50.0, 120.0);
    let second = |layer: &Layer, now: f64| (layer.starts.status(now)[1].state, layer.starts.status(now)[1].position);
    assert_eq!(second(&layer, 9.0), (PlayState::Playing, None), "nobody knows how long it waits");
    assert_eq!(second(&pair(), 0.25), (PlayState::Playing, Some(-0.75)));
    // Paused it does not begin, until it is played; kept it goes on so too.
    let mut layer = pair();
    layer.steer(0.4, 1, Control::Pause);
    let kept = serde_json::to_string(layer.starts.starts()).expect("json");
    layer.starts =
        AnimationStarts::resumed(layer.animations.clone(), serde_json::from_str(&kept).expect("what was written"));
    layer.edit(0.5, |_| {});
    near(&layer, 9.0, 300.0);
    let status = &layer.starts.status(9.0)[1];
    assert_eq!((status.state, status.position), (PlayState::Paused, None));
    layer.steer(9.0, 1, Control::Play);
    [(9.0, 300.0), (9.5, 400.0)].into_iter().for_each(|(at, is)| near(&layer, at, is));
    // Once it has begun it stands where it is put.
    layer.steer(9.5, 1, Control::Pause);
    near(&layer, 20.0, 400.0);
    layer.steer(20.0, 1, Control::Seek { to: 0.25 });
    near(&layer, 20.0, 350.0);
}

#[test]
fn what_it_carries_on_stands_still_with_it() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.animate(1.0, json!([turn(0.0, json!({ "duration": 2, "easing": "easeInOutSine" }))]));
    let undisturbed = layer.clone();
    layer.steer(1.25, 0, Control::Pause);
    assert_eq!(layer.rotation(4.0), undisturbed.rotation(1.25));
    layer.steer(5.0, 0, Control::Play);
    for at in [1.25, 1.5, 1.75, 2.5, 3.0] {
        assert!((layer.rotation(at + 3.75) - undisturbed.rotation(at)).abs() < 1e-9, "{at}");
    }
    layer.steer(6.0, 0, Control::Seek { to: 0.5 });
    assert!((layer.rotation(6.0) - undisturbed.rotation(1.5)).abs() < 1e-9);
}

#[test]
fn others_take_over_from_it_with_the_velocity_that_it_has() {
    let mut layer = plain();
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 }))]));
    layer.steer(0.5, 0, Control::Rate { rate: 2.0 });
    let before = layer.rotation(1.0);
    assert!((layer.speed(1.0 - 1e-6, -1.0) - 90.0).abs() < 0.1);
    layer.animate(1.0, json!([turn(0.0, json!({ "duration": 1, "easing": "easeInOutSine" }))]));
    assert!((layer.rotation(1.0) - before).abs() < 1e-6);
    assert!((layer.speed(1.0, 1.0) - 90.0).abs() < 0.5, "{}", layer.speed(1.0, 1.0));
    // One that waits takes over when it comes to that, and steered from where it is then.
    let mut layer = plain();
    let late = turn(0.0, json!({ "duration": 2, "delay": 1, "easing": "easeInOutSine" }));
    layer.animate(0.0, json!([turn(90.0, json!({ "duration": 4 })), late]));
    layer.steer(0.5, 1, Control::Pause);
    assert!((layer.rotation(2.0) - 45.0).abs() < 1e-9, "it does not begin meanwhile");
    layer.steer(2.0, 1, Control::Rate { rate: 0.5 });
    layer.steer(2.0, 1, Control::Play);
    continuous(&layer, 3.0);
    assert!((layer.rotation(3.0) - 67.5).abs() < 1e-6);
    assert!((layer.rotation(7.1)).abs() < 1e-6);
}

/// What it was to take over from when it would have begun is no longer what it takes over from.
#[test]
fn one_that_waits_and_is_sought_goes_on_from_what_is_shown() {
    for transitions in [json!([]), json!([{ "property": "transform.rotation", "duration": 2 }])] {
        let late = turn(0.0, json!({ "duration": 2, "delay": 1 }));
        let mut layer = Layer::new(transitions);
        layer.animate(0.0, json!([turn(90.0, json!({ "duration": 2 })), late]));
        let mut further = layer.clone();
        layer.steer(0.5, 1, Control::Seek { to: 1.0 });
        assert!((layer.rotation(0.5) - 22.5).abs() < 1e-6, "{}", layer.rotation(0.5));
        assert!(layer.rotation(2.5).abs() < 1e-6);
        // What is further on is what it comes to from there.
        further.steer(0.5, 1, Control::Seek { to: 1.6 });
        assert!((further.rotation(0.5) - layer.rotation(1.1)).abs() < 1e-6, "{}", further.rotation(0.5));
    }
}

#[test]
fn transitions_leave_alone_what_is_steered() {
    let mut layer = eased("linear");
    layer.animate(0.0, json!([turn(90.0, json!({ "from": 0, "duration": 2 }))]));
    layer.steer(5.0, 0, Control::Seek { to: 0.5 });
    assert!((layer.rotation(5.0) - 22.5).abs() < 1e-9);
    layer.steer(6.0, 0, Control::Pause);
    // But what lets go does so without a jump.
    let before = layer.rotation(7.0);
    layer.steer(7.0, 0, Control::Cancel);
    assert!((layer.rotation(7.0) - before).abs() < 1e-9);
    assert!((layer.rotation(9.0)).abs() < 1e-9);
}

fn any_control() -> impl Strategy<Value = Control> {
    prop_oneof![
        Just(Control::Play),
        Just(Control::Pause),
        Just(Control::Reverse),
        (0.1..4.0).prop_map(|rate| Control::Rate { rate }),
    ]
}

proptest! {
    /// Whatever is asked of it, where it stands says everything: the picture is that of one that has played to there.
    #[test]
    fn it_shows_what_one_that_played_to_there_shows(
        easing in proptest::sample::select(vec!["linear", "easeInOut", "easeOutBack", "steps(3)"]),
        delay in prop_oneof![Just(0.0), 0.0..1.0],
        rounds in 1..4,
        ping_pong in any::<bool>(),
        steps in proptest::collection::vec((0.0..1.5, any_control()), 1..8),
        later in 0.0..2.0,
    ) {
        let animation = turn(90.0, json!({ "duration": 1.3, "easing": easing, "delay": delay, "repeat": rounds,
            "pingPong": ping_pong }));
        let mut layer = plain();
        layer.animate(0.0, json!([animation]));
        let undisturbed = layer.clone();
        let mut now = 0.0;
        for (pause, control) in steps {
            now += pause;
            let (before, position) = (layer.rotation(now), layer.state(now).1);
            layer.steer(now, 0, control);
            // Who turns at an end begins again from the other one.
            if layer.state(now).1 == position {
                prop_assert_eq!(layer.rotation(now), before);
            }
        }
        let at = layer.state(now + later).1;
        prop_assert_eq!(layer.rotation(now + later), undisturbed.rotation(at));
        layer.steer(now + later, 0, Control::Pause);
        prop_assert_eq!(layer.rotation(now + 100.0), undisturbed.rotation(at));
        layer.steer(now + 100.0, 0, Control::Seek { to: later });
        prop_assert_eq!(layer.rotation(now + 200.0), undisturbed.rotation(layer.state(now).1));
    }

    /// What has been steered goes on after it was kept.
    #[test]
    fn steered_animations_go_on_after_they_were_kept(
        steps in proptest::collection::vec((0.0..1.5, 0..2_usize, any_control()), 1..6),
        later in 0.0..3.0,
    ) {
        let mut layer = plain();
        layer.animate(0.0, json!([turn(50.0, json!({ "duration": 2 }))]));
        layer.animate(0.4, json!([turn(50.0, json!({ "duration": 2 })), turn(-90.0, json!({ "duration": 1, "delay": 0.5 }))]));
        let mut now = 0.4;
        for (pause, index, control) in steps {
            now += pause;
            layer.steer(now, index, control);
        }
        let kept = serde_json::to_string(&(layer.starts.starts(), layer.drifts.left(now).collect::<Vec<_>>())).expect("json");
        let (starts, drifts) = serde_json::from_str(&kept).expect("what was written");
        let mut resumed = layer.clone();
        resumed.playing = Playing::default();
        resumed.starts = AnimationStarts::resumed(layer.animations.clone(), starts);
        resumed.drifts = Drifts::resumed(drifts);
        resumed.edit(now, |_| {});
        prop_assert_eq!(resumed.rotation(now + later), layer.rotation(now + later));
    }
}
