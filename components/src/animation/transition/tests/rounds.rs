//! Timelines that play several rounds over something that has hold of their property.

use super::{
    handover::{plain, playing, turn},
    *,
};
use crate::animation::timeline::Playhead;

const AUTHORED: f64 = 60.0;

/// What has hold of the property when a timeline comes to it.
#[derive(Clone, Copy, Debug)]
enum Beneath {
    /// A timeline that brings it so far in so many seconds.
    Timeline(f64, f64),
    /// An animation of the layer itself that does.
    Animation(f64, f64),
    /// One that goes there and back for ever.
    Swing(f64, f64),
}

impl Beneath {
    /// The most degrees that it goes in a second.
    fn speed(self) -> f64 {
        let (Self::Timeline(to, lasts) | Self::Animation(to, lasts) | Self::Swing(to, lasts)) = self;
        (to - AUTHORED).abs() / lasts
    }

    fn rests_by(self, when: f64) -> bool {
        !matches!(self, Self::Swing(..))
            && matches!(self, Self::Timeline(_, lasts) | Self::Animation(_, lasts) if lasts < when)
    }
}

fn any_beneath() -> impl Strategy<Value = Beneath> {
    (0..3_u8, -300.0..300.0, 0.5..4.0).prop_map(|(kind, to, lasts)| match kind {
        0 => Beneath::Timeline(to, lasts),
        1 => Beneath::Animation(to, lasts),
        _ => Beneath::Swing(to, lasts),
    })
}

/// A timeline of several rounds.
#[derive(Clone, Debug)]
struct Rounds {
    wait: f64,
    /// Where its steps go, and how long each takes.
    steps: Vec<(f64, f64)>,
    /// How often the first step goes there and back by itself.
    swings: u32,
    repeat: u32,
    ping_pong: bool,
    /// Whether the steps are those of a timeline within it, there and back, and how fast that is.
    nested: Option<f64>,
}

impl Rounds {
    fn documents(&self) -> Value {
        let mut steps = vec![json!({ "type": "wait", "seconds": self.wait })];
        for (index, (to, lasts)) in self.steps.iter().enumerate() {
            let mut animation = turn(*to, json!({ "duration": lasts, "easing": "linear" }));
            if index == 0 && self.swings > 0 {
                (animation["repeat"], animation["pingPong"]) = (json!(2 * self.swings), json!(true));
            }
            steps.push(json!({ "type": "animate", "layer": "a", "animation": animation }));
        }
        let outer = match self.nested {
            Some(_) => json!([{ "type": "wait", "seconds": 0.25 }, { "type": "timeline", "id": "inner" }]),
            None => json!(steps),
        };
        json!([
            { "id": "inner", "autoplay": false, "steps": steps, "repeat": 2, "pingPong": true, "speed": self.nested.unwrap_or(1.0) },
            { "id": "show", "autoplay": false, "steps": outer, "repeat": self.repeat, "pingPong": self.ping_pong },
        ])
    }

    /// Seconds of one round.
    fn cycle(&self) -> f64 {
        let swings = f64::from((2 * self.swings).max(1));
        let steps = self.steps.iter().enumerate().map(|(at, (_, lasts))| if at == 0 { lasts * swings } else { *lasts });
        let all = self.wait + steps.sum::<f64>();
        self.nested.map_or(all, |speed| 0.25 + 2.0 * all / speed)
    }

    /// The most degrees that it goes in a second, from anywhere that is so far away.
    fn speed(&self) -> f64 {
        let quickest = self.steps.iter().map(|(_, lasts)| lasts).fold(f64::INFINITY, |a, b| a.min(*b));
        1200.0 / quickest * self.nested.unwrap_or(1.0)
    }
}

fn any_rounds() -> impl Strategy<Value = Rounds> {
    let steps = proptest::collection::vec((-300.0..300.0, 0.5..2.0), 1..3);
    let waits = prop_oneof![Just(0.0), 0.1..1.0];
    let nested = proptest::option::weighted(0.3, 0.5..2.0);
    (waits, steps, 0..2_u32, 2..5_u32, any::<bool>(), nested).prop_map(
        |(wait, steps, swings, repeat, ping_pong, nested)| Rounds { wait, steps, swings, repeat, ping_pong, nested },
    )
}

/// Seconds at which the timeline is steered.
const BEGINS: f64 = 5.0;

fn with_beneath(beneath: Beneath) -> (Layer, Value, Option<Playhead>) {
    let mut layer = plain();
    layer.turn(0.0, AUTHORED);
    let animation = |to: f64, lasts: f64| turn(to, json!({ "duration": lasts, "easing": "linear" }));
    let mut under = json!({ "id": "under", "autoplay": false, "steps": [] });
    let mut stands = None;
    match beneath {
        Beneath::Timeline(to, lasts) => {
            under["steps"] = json!([{ "type": "animate", "layer": "a", "animation": animation(to, lasts) }]);
            stands = playing(BEGINS - 3.0, 0.0, 1.0);
        }
        Beneath::Animation(to, lasts) => layer.animate(BEGINS - 3.0, json!([animation(to, lasts)])),
        Beneath::Swing(to, lasts) => {
            let mut swing = animation(to, lasts);
            (swing["repeat"], swing["pingPong"]) = (json!("forever"), json!(true));
            layer.animate(BEGINS - 3.0, json!([swing]));
        }
    }
    (layer, under, stands)
}

fn steered(beneath: Beneath, rounds: &Rounds, playhead: Option<Playhead>) -> Layer {
    let (mut layer, under, stands) = with_beneath(beneath);
    let Value::Array(mut documents) = rounds.documents() else { panic!("a list") };
    documents.insert(0, under.clone());
    // One without steps is none.
    let from = usize::from(stands.is_none());
    let documents = Value::Array(documents.split_off(from));
    let all = |playhead| [stands, None, playhead];
    layer.stand(BEGINS - 3.0, &documents, &all(None)[from..]);
    layer.stand(BEGINS, &documents, &all(playhead)[from..]);
    layer
}

fn resumed(layer: &Layer, now: f64) -> Layer {
    let kept = serde_json::to_string(&layer.drifts.left(now).collect::<Vec<_>>()).expect("json");
    let mut resumed = layer.clone();
    resumed.playing = Playing::default();
    resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
    resumed.edit(now, |_| {});
    resumed
}

proptest! {
    /// Whatever is beneath, also if that moves: there is no leap but where a round that does not go back ends, and all rounds
    /// after the first are alike.
    #[test]
    fn rounds_over_what_others_hold_make_no_leap(
        beneath in any_beneath(),
        rounds in any_rounds(),
        rate in 0.5..2.0,
        edited in 0.0..1.0,
    ) {
        let cycle = rounds.cycle();
        let layer = steered(beneath, &rounds, playing(BEGINS, 0.0, rate));
        let at = |position: f64| layer.rotation(BEGINS + position / rate);
        let whole = cycle * f64::from(rounds.repeat);
        let frame = 1.0 / 60.0;
        // What moved when it came to it flies on for a while.
        let most = (rounds.speed() * rate + 4.0 * beneath.speed()) * frame + 1e-6;
        let mut before = layer.rotation(BEGINS - frame);
        let mut position = 0.0;
        while position < whole + 1.0 {
            let value = at(position);
            let round = |position: f64| ((position / cycle) + 1e-9).floor().min(f64::from(rounds.repeat) - 1.0);
            let is_seam = !rounds.ping_pong && round(position) != round(position - frame * rate);
            prop_assert!(is_seam || (value - before).abs() < most, "{} then {} at {} of {}", before, value, position, cycle);
            before = value;
            position += frame * rate;
        }
        // By the second round what was carried on is over.
        if rounds.repeat > 2 {
            for share in [0.03, 0.2, 0.35, 0.5, 0.65, 0.8, 0.97] {
                let time = |round: f64| match rounds.ping_pong && round == 2.0 {
                    true => (round + 1.0 - share) * cycle,
                    false => (round + share) * cycle,
                };
                let (second, third) = (at(time(1.0)), at(time(2.0)));
                prop_assert!((second - third).abs() < 1e-3, "{} in the second, {} in the third at {}", second, third, share);
            }
        }
        // It goes on so after it was kept, and is the same when it stands at a time.
        let now = BEGINS + edited * whole / rate;
        let kept = resumed(&layer, now);
        for later in [0.0, 0.3, 1.1, 2.5] {
            prop_assert_eq!(kept.rotation(now + later), layer.rotation(now + later));
        }
    }

    /// One that stands at a time from the first shows what one that has played to there does, where what is beneath it rests;
    /// and backwards there is no leap either.
    #[test]
    fn where_it_stands_tells_what_is_shown(beneath in any_beneath(), rounds in any_rounds(), share in 0.0..1.0) {
        prop_assume!(beneath.rests_by(2.9));
        let whole = rounds.cycle() * f64::from(rounds.repeat);
        let position = share * whole;
        let played = steered(beneath, &rounds, playing(BEGINS, 0.0, 1.0));
        let sought = steered(beneath, &rounds, Some(Playhead { since: BEGINS, position, rate: 1.0, running: false }));
        let (played_to, stands) = (played.rotation(BEGINS + position), sought.rotation(BEGINS));
        prop_assert!((played_to - stands).abs() < 1e-6, "{} after playing, {} sought, at {}", played_to, stands, position);
        let back = steered(beneath, &rounds, playing(BEGINS, whole, -1.0));
        let frame = 1.0 / 60.0;
        let mut before = back.rotation(BEGINS);
        let (Beneath::Timeline(to, _) | Beneath::Animation(to, _) | Beneath::Swing(to, _)) = beneath;
        prop_assert!((before - to).abs() < 1e-6, "{} instead of {}", before, to);
        let mut time = 0.0;
        while time < whole + 1.0 {
            let value = back.rotation(BEGINS + time);
            let round = |time: f64| ((whole - time) / rounds.cycle() - 1e-9).floor().max(0.0);
            let is_seam = !rounds.ping_pong && round(time) != round(time - frame) && time > 0.0;
            // What comes from elsewhere at first goes the quicker for that.
            let most = (rounds.speed() + 2400.0) * frame;
            prop_assert!(is_seam || (value - before).abs() < most, "{} then {} after {} of {}", before, value, time, whole);
            before = value;
            time += frame;
        }
    }
}
