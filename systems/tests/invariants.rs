//! The two invariants that everything rests on, held over random scenes and random edits:
//! drawing only the damage gives the same bytes as drawing everything, and the same scene at the same time gives the
//! same bytes, whatever the thread count, the frame rate and the history.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/random.rs"]
mod random;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use components::Edit;
use proptest::{collection::vec, prelude::*};
use random::{LIMITS, Step, config, edits, scene, size, step};
use systems::{Compositor, CompositorSettings, Frame};

/// Neither side a multiple of a tile, the height not even one of 16.
const WIDTH: usize = 200;
const HEIGHT: usize = 150;
const FPS: f64 = 30.0;

fn settings(threads: usize) -> CompositorSettings {
    CompositorSettings {
        width: WIDTH,
        height: HEIGHT,
        max_layers: LIMITS.max_layers,
        pool_size: 3,
        threads: Some(threads),
    }
}

fn compositor(threads: usize) -> Compositor {
    let mut compositor = Compositor::new(settings(threads));
    // Whatever can be is shared among several.
    compositor.share_work_from(if threads > 1 { Duration::ZERO } else { Duration::MAX });
    compositor
}

fn run(compositor: &mut Compositor, tick: u64, edits: &[Edit]) -> Option<Arc<Frame>> {
    if !edits.is_empty() {
        compositor.submit(tick, edits.to_vec());
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred ticks")]
    compositor.tick(tick, tick as f64 / FPS).frame
}

/// Loads a scene with all of its assets.
fn load(compositor: &mut Compositor, load: &[Edit]) {
    run(compositor, 0, load);
    assert!(compositor.finish_loading(Instant::now() + Duration::from_secs(60)));
}

fn assert_same_pixels(left: &Compositor, right: &Compositor, what: &str) -> Result<(), TestCaseError> {
    let (left, right) = (left.picture(), right.picture());
    prop_assert_eq!((left.width, left.height), (right.width, right.height), "{}", what);
    let width = left.width as usize;
    let (left, right) = (left.data, right.data);
    let differing = left.chunks(4).zip(right.chunks(4)).position(|(left, right)| left != right);
    if let Some(at) = differing {
        let (x, y) = (at % width, at / width);
        let (l, r) = (&left[at * 4..at * 4 + 4], &right[at * 4..at * 4 + 4]);
        prop_assert!(false, "{what}: pixel ({x}, {y}) is {l:?} here and {r:?} there");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(150))]

    /// Damage equals full redraw, for the canvas and for the frames that the encoder gets, on 1, 2 and 4 threads, also
    /// after the frames have changed their size.
    #[test]
    fn drawing_the_damage_equals_drawing_everything((scene, mut next) in scene(), steps in vec(step(), 1..10)) {
        let mut by_damage = [compositor(1), compositor(2), compositor(4)];
        let mut in_full = compositor(1);
        let mut frames: [Option<Arc<Frame>>; 3] = [const { None }; 3];
        let first = [Edit::LoadScene { scene: Box::new(scene) }];
        for compositor in by_damage.iter_mut().chain([&mut in_full]) {
            load(compositor, &first);
            // All of it is drawn once more, so that every one of them makes a frame.
            compositor.redraw();
        }
        let mut tick = 1;
        for step in std::iter::once(&Step::Wait(1)).chain(&steps) {
            let mut batch = edits(step, &in_full.snapshot().scene, &mut next);
            let ticks = if let Step::Wait(ticks) = step { *ticks } else { 1 };
            if let Step::Resize { width, height } = step {
                in_full.resize(*width, *height);
                by_damage.iter_mut().for_each(|compositor| compositor.resize(*width, *height));
            }
            for _ in 0..ticks {
                in_full.redraw();
                let full = run(&mut in_full, tick, &batch).expect("a full redraw makes a frame");
                for (compositor, frame) in by_damage.iter_mut().zip(&mut frames) {
                    if let Some(drawn) = run(compositor, tick, &batch) {
                        *frame = Some(drawn);
                    }
                    assert_same_pixels(compositor, &in_full, &format!("tick {tick}"))?;
                    let frame = frame.as_ref().expect("the first tick makes a frame");
                    prop_assert_eq!((frame.width(), frame.height()), (full.width(), full.height()));
                    prop_assert!(frame.data() == full.data(), "tick {}: the I420 planes differ", tick);
                }
                batch.clear();
                tick += 1;
            }
        }
    }

    /// The picture of a scene at a time does not depend on what was drawn on the way there, nor in which size.
    #[test]
    fn a_picture_depends_on_scene_and_time_alone((scene, _) in scene(), mut times in vec((0_u32..200, size()), 1..5)) {
        // What a trigger has set stays set, and what it let go of goes on from there, even if scene time goes back.
        if !scene.triggers.is_empty() {
            times.sort_unstable_by_key(|(time, _)| *time);
        }
        let first = [Edit::LoadScene { scene: Box::new(scene) }];
        let mut travelled = compositor(2);
        load(&mut travelled, &first);
        for (index, (time, (width, height))) in times.into_iter().enumerate() {
            let seconds = f64::from(time) / 25.0;
            travelled.resize(width, height);
            travelled.tick(index as u64 + 1, seconds);
            let mut direct = Compositor::new(CompositorSettings { width, height, ..settings(1) });
            load(&mut direct, &first);
            direct.tick(1, seconds);
            assert_same_pixels(&travelled, &direct, &format!("{seconds} s"))?;
        }
    }
}
