//! Layers to which timelines do very much: what is looked up is what is found by looking at all, and no work goes by the
//! square of how much there is.

use std::sync::Arc;

use super::*;
use crate::animation::{
    playback::visits,
    timeline::{ActiveCue, CueList, Playhead, TimelineDocument},
};

const PROPERTIES: [(&str, [f64; 2]); 8] = [
    ("transform.rotation", [-300.0, 300.0]),
    ("opacity", [0.0, 1.0]),
    ("transform.position", [-50.0, 50.0]),
    ("transform.position.x", [-50.0, 50.0]),
    ("transform.scale", [0.0, 2.0]),
    ("transform.scale.y", [0.0, 2.0]),
    ("content.geometry.width", [1.0, 99.0]),
    ("content.fill", [0.0, 9.0]),
];

/// A value of a property, so far between the least and the most that is asked for here.
fn value(property: usize, share: f64) -> Value {
    let (name, [least, most]) = PROPERTIES[property];
    let number = least + share * (most - least);
    match name {
        "content.fill" => json!(format!("#{:02x}80{:02x}", (share * 255.0) as u8, (number * 9.0) as u8)),
        "transform.position" | "transform.scale" => json!({ "x": number, "y": number / 2.0 }),
        _ => json!(number),
    }
}

/// A step of a timeline: the property, where it goes, whether it says where it begins, how long it takes, and how it goes
/// with others.
type Told = (usize, f64, bool, f64, &'static str);

fn any_step() -> impl Strategy<Value = Told> {
    let queue = prop_oneof![4 => Just("replace"), 1 => Just("add"), 1 => Just("blend")];
    (0..PROPERTIES.len(), 0.0..1.0, any::<bool>(), 0.05..1.5, queue)
}

fn step((property, to, says, duration, queue): Told) -> Value {
    let name = PROPERTIES[property].0;
    let mut animation = json!({ "property": name, "to": value(property, to), "duration": duration });
    if says {
        animation["from"] = value(property, 1.0 - to);
    }
    // Nothing can be added to a colour.
    if queue == "blend" || queue == "add" && name != "content.fill" {
        animation["queue"] = queue.into();
    }
    json!({ "type": "animate", "layer": "a", "animation": animation })
}

/// Timelines, some of which play another one within them.
fn any_timelines() -> impl Strategy<Value = Vec<TimelineDocument>> {
    let steps = || proptest::collection::vec(any_step(), 1..12);
    let one = (steps(), any::<bool>(), any::<bool>(), 1..3_u32, any::<bool>(), prop_oneof![Just(0.0), 0.0..2.0]);
    proptest::collection::vec(one, 2..5).prop_map(|all| {
        let timeline =
            |(number, (steps, together, nests, repeat, turns, wait)): (usize, (Vec<Told>, _, _, _, _, f64))| {
                let steps: Vec<Value> = steps.into_iter().map(step).collect();
                let kind = if together { "parallel" } else { "sequence" };
                let mut all = vec![json!({ "type": "wait", "seconds": wait }), json!({ "type": kind, "steps": steps })];
                if nests && number > 0 {
                    all.push(json!({ "type": "timeline", "id": format!("t{}", number - 1) }));
                }
                json!({ "id": format!("t{number}"), "repeat": repeat, "pingPong": turns, "steps": all })
            };
        let all: Vec<Value> = all.into_iter().enumerate().map(timeline).collect();
        serde_json::from_value(json!(all)).expect("timelines")
    })
}

/// Which timeline is steered, and where it stands from then on.
fn any_steering() -> impl Strategy<Value = Vec<(f64, usize, Option<(f64, f64, bool)>)>> {
    let stand = proptest::option::weighted(0.8, (0.0..6.0, prop_oneof![0.3..2.0_f64, -2.0..-0.3_f64], any::<bool>()));
    proptest::collection::vec((0.01..1.0, 0..5_usize, stand), 2..7)
}

/// What timelines that stand so do; those that were steered last go over the others.
fn cues(lists: &[CueList], stand: &[(usize, Playhead)]) -> Cues {
    let of = |(at, playhead): &(usize, Playhead)| {
        let (list, playhead) = (&lists[*at], *playhead);
        list.cues().iter().map(move |cue| ActiveCue::new(Arc::clone(cue), list, playhead))
    };
    Cues(stand.iter().flat_map(of).collect())
}

fn stand_elsewhere(stand: &mut Vec<(usize, Playhead)>, at: usize, playhead: Option<Playhead>) {
    stand.retain(|(known, _)| *known != at);
    stand.extend(playhead.map(|playhead| (at, playhead)));
}

fn shown(layer: &Layer, now: f64) -> (Pose, Value) {
    let mut content = layer.content.clone();
    layer.playing.apply_to(Part::Content, &mut content, now);
    let pose = Pose::new(&layer.transform, &layer.opacity, &layer.playing, now);
    (pose, serde_json::to_value(content).expect("json"))
}

proptest! {
    /// However timelines are steered and the layer is edited, it is the same whether what there is of a property is looked up
    /// or all are looked at.
    #[test]
    fn what_is_looked_up_is_what_is_found_by_looking_at_all(
        timelines in any_timelines(),
        own in proptest::collection::vec(any_step(), 0..4),
        steering in any_steering(),
        smooth in any::<bool>(),
        later in proptest::collection::vec(0.0..4.0, 3),
    ) {
        let lists = CueList::lay_out(&timelines);
        let transitions = json!([{ "property": "transform.rotation", "duration": 1 }, { "property": "transform.position", "spring": {} }]);
        let mut looked_up = Layer::new(if smooth { transitions } else { json!([]) });
        looked_up.way = Lookup::Index;
        looked_up.animate(0.0, own.into_iter().map(|told| step(told)["animation"].clone()).collect());
        let mut looked_at = looked_up.clone();
        looked_at.way = Lookup::All;
        let (mut now, mut stand) = (0.0, Vec::new());
        for (pause, at, to) in steering {
            now += pause;
            let playhead = to.map(|(position, rate, running)| Playhead { since: now, position, rate, running });
            stand_elsewhere(&mut stand, at % lists.len(), playhead);
            for layer in [&mut looked_up, &mut looked_at] {
                layer.edit(now, |layer| {
                    layer.cues = cues(&lists, &stand);
                    layer.transform.rotation += 30.0;
                });
            }
            prop_assert_eq!(&looked_up.drifts, &looked_at.drifts);
            for at in later.iter().map(|later| now + later).chain([now]) {
                prop_assert_eq!(shown(&looked_up, at), shown(&looked_at, at));
            }
        }
    }
}

/// Timelines of steps one after the other, which turn and fade the layer by turns and say nothing of where they begin.
fn long(timelines: usize, steps: usize) -> Vec<CueList> {
    let step = |at: usize| step((at % 2, at as f64 % 7.0 / 7.0, false, 0.5, "replace"));
    let steps: Vec<Value> = (0..steps).map(step).collect();
    let timeline = |at| json!({ "id": format!("t{at}"), "steps": steps });
    let all: Vec<Value> = (0..timelines).map(timeline).collect();
    CueList::lay_out(&serde_json::from_value::<Vec<TimelineDocument>>(json!(all)).expect("timelines"))
}

/// How often an animation is looked at while all timelines are played, one of them is then paused, sought, turned, cancelled
/// and played again, the layer is edited, and all are cancelled; and then on a tick.
fn looks(timelines: usize, steps: usize) -> (u64, u64) {
    let lists = long(timelines, steps);
    let mut layer = Layer::new(json!([{ "property": "transform.rotation", "duration": 1 }]));
    let play = |since: f64, position: f64, rate: f64| Playhead { since, position, rate, running: true };
    let mut stand: Vec<(usize, Playhead)> = (0..timelines).map(|at| (at, play(1.0, 0.0, 1.0))).collect();
    visits::take();
    layer.edit(1.0, |layer| layer.cues = cues(&lists, &stand));
    let one = [
        Some(Playhead { running: false, ..play(2.0, 1.0, 1.0) }),
        Some(play(3.0, 2.25, 1.0)),
        Some(play(4.0, 3.25, -1.0)),
        None,
        Some(play(6.0, 0.0, 1.0)),
    ];
    for (later, playhead) in one.into_iter().enumerate() {
        stand_elsewhere(&mut stand, timelines / 2, playhead);
        layer.edit(2.0 + later as f64, |layer| layer.cues = cues(&lists, &stand));
    }
    layer.turn(7.0, 55.0);
    let edits = visits::take();
    // As often as on a second of ticks.
    for tick in 0..60 {
        let _ = shown(&layer, 8.0 + f64::from(tick) / 60.0);
    }
    let ticks = visits::take() / 60;
    layer.edit(9.0, |layer| layer.cues = Cues::default());
    (edits + visits::take(), ticks)
}

/// Twice as many timelines, or twice as many steps in each, are looked at twice as often, and on a tick no more often.
#[test]
fn work_goes_by_how_much_there_is_and_not_by_its_square() {
    let (few, on_a_tick) = looks(20, 30);
    for (timelines, steps) in [(40, 30), (20, 60), (80, 30), (20, 120)] {
        let share = (timelines * steps) as f64 / 600.0;
        let (many, then) = looks(timelines, steps);
        let grown = many as f64 / few as f64;
        assert!(
            grown < 1.3 * share,
            "{timelines} times {steps} steps: {many} looks after {few}, {grown:.1} times as many"
        );
        assert!(then < on_a_tick + 32, "{then} on a tick after {on_a_tick}, for {timelines} times {steps} steps");
    }
}
