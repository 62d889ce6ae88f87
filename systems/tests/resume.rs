//! A scene that is loaded with the motion of another run goes on exactly as that run does.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;

use std::time::{Duration, Instant};

use components::Edit;
use proptest::{collection::vec, prelude::*};
use random::{LIMITS, Step, config, edits, scene, step};
use systems::{Compositor, CompositorSettings, clock::Motion};

const FPS: f64 = 25.0;

fn compositor() -> Compositor {
    let settings =
        CompositorSettings { width: 200, height: 150, max_layers: LIMITS.max_layers, pool_size: 3, threads: Some(1) };
    Compositor::new(settings)
}

fn run(compositor: &mut Compositor, tick: u64, edits: &[Edit]) {
    if !edits.is_empty() {
        compositor.submit(tick, edits.to_vec());
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred ticks")]
    compositor.tick(tick, tick as f64 / FPS);
}

/// Where everything stands. Up to where a timeline has been looked at is left out: where nothing happens on the way, it
/// is not looked at on every tick.
fn standing(compositor: &mut Compositor) -> Motion {
    let mut motion = compositor.motion();
    for timeline in &mut motion.timelines {
        (timeline.seen, timeline.is_seen_to_come) = (0, false);
    }
    motion
}

/// Runs the ticks of a step, the first with its edits. Returns the tick after the last.
fn play(compositors: &mut [&mut Compositor], step: &Step, mut tick: u64, next: &mut u32) -> u64 {
    let batch = edits(step, &compositors[0].snapshot().scene, next);
    let ticks = if let Step::Wait(ticks) = step { *ticks } else { 1 };
    for number in 0..ticks {
        for compositor in &mut *compositors {
            run(compositor, tick, if number == 0 { &batch } else { &[] });
        }
        tick += 1;
    }
    tick
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_scene_that_is_resumed_goes_on_as_if_it_had_never_ended(
        (scene, mut next) in scene(),
        before in vec(step(), 1..10),
        after in vec(step(), 1..10),
    ) {
        let mut original = compositor();
        run(&mut original, 0, &[Edit::LoadScene { scene: Box::new(scene) }]);
        prop_assert!(original.finish_loading(Instant::now() + Duration::from_secs(60)));
        let mut tick = 1;
        for step in &before {
            tick = play(&mut [&mut original], step, tick, &mut next);
        }

        let written = serde_json::to_string(&original.motion()).unwrap();
        let motion: Motion = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&motion, &original.motion());
        let mut resumed = compositor();
        let now = motion.seconds;
        resumed.resume(0, original.snapshot().scene, motion);
        for (_, outcome) in resumed.tick(0, now).outcomes {
            prop_assert!(outcome.is_ok(), "{outcome:?}");
        }
        prop_assert!(resumed.finish_loading(Instant::now() + Duration::from_secs(60)));
        // Once more at the same moment, for both: what was steered on the last tick itself is followed up on the next.
        resumed.tick(1, now);
        original.tick(tick, now);
        tick += 1;
        prop_assert!(resumed.picture().data == original.picture().data, "right after it was resumed at {now} s");
        prop_assert_eq!(standing(&mut resumed), standing(&mut original));

        for step in std::iter::once(&Step::Wait(3)).chain(&after) {
            tick = play(&mut [&mut original, &mut resumed], step, tick, &mut next);
            prop_assert_eq!(resumed.snapshot().scene, original.snapshot().scene, "before tick {}", tick);
            prop_assert_eq!(standing(&mut resumed), standing(&mut original), "before tick {}", tick);
            prop_assert!(resumed.picture().data == original.picture().data, "before tick {tick}");
        }
    }
}
