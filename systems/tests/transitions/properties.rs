//! What holds for any scenes and any transitions.

use std::{sync::Arc, time::Instant};

use components::{AssetDocument, Edit, Transition, document::arbitrary};
use proptest::{collection::vec, prelude::*};
use systems::Frame;

use crate::{
    random::{self, Step, config, edits, scene, step},
    stage::*,
};

/// Of a random scene that is on air for a while, and others that come on air one after the other.
#[derive(Clone, Debug)]
enum Act {
    Edit(Step),
    /// The scene number so and so comes on air, and so many frames go by.
    Activate(usize, Transition, u64),
}

fn act() -> impl Strategy<Value = Act> {
    let assets: Vec<AssetDocument> = serde_json::from_value(random::assets()).unwrap();
    prop_oneof![
        1 => step().prop_map(Act::Edit),
        2 => (0..3_usize, arbitrary::transition(&assets), 0..25_u64)
            .prop_map(|(scene, transition, ticks)| Act::Activate(scene, transition, ticks)),
    ]
}

proptest! {
    #![proptest_config(config(60))]

    /// Damage equals full redraw while scenes come and go, on 1, 2 and 4 threads, for the picture and for the frames that
    /// the encoder gets.
    #[test]
    fn drawing_the_damage_equals_drawing_everything(
        scenes in vec(scene(), 3),
        acts in vec(act(), 1..8),
    ) {
        let names = ["main", "second", "third"];
        let [mut one, mut two, mut four, mut in_full] =
            [1, 2, 4, 1].map(|threads| Stage::new(threads, scenes[0].0.clone()));
        let mut next = scenes.iter().map(|(_, next)| *next).max().unwrap_or(0);
        let mut frames: [Option<Arc<Frame>>; 3] = [const { None }; 3];
        for stage in [&mut one, &mut two, &mut four, &mut in_full] {
            for (name, (scene, _)) in names.iter().zip(&scenes).skip(1) {
                stage.hold(name, scene.clone());
            }
            assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
            stage.compositor.redraw();
        }
        for act in std::iter::once(&Act::Edit(Step::Wait(1))).chain(&acts) {
            let (mut batch, ticks) = match act {
                Act::Edit(Step::Wait(ticks)) => (Vec::new(), *ticks),
                Act::Edit(step) => (edits(step, &in_full.compositor.snapshot().scene, &mut next), 1),
                Act::Activate(scene, transition, ticks) => {
                    let edit = Edit::ActivateScene { id: scene_id(names[*scene]), transition: Some(transition.clone()) };
                    (vec![edit], ticks + 1)
                }
            };
            if let Act::Edit(Step::Resize { width, height }) = act {
                for stage in [&mut one, &mut two, &mut four, &mut in_full] {
                    stage.compositor.resize(*width, *height);
                }
            }
            for number in 0..ticks {
                in_full.compositor.redraw();
                // Assets of a scene that comes on air are read anew: all wait for them, so that all see the same.
                let full = in_full.edit(batch.clone()).frame;
                in_full.compositor.finish_loading(Instant::now() + DEADLINE);
                for (stage, frame) in [&mut one, &mut two, &mut four].into_iter().zip(&mut frames) {
                    if let Some(drawn) = stage.edit(batch.clone()).frame {
                        *frame = Some(drawn);
                    }
                    stage.compositor.finish_loading(Instant::now() + DEADLINE);
                    prop_assert!(stage.picture() == in_full.picture(), "{:?}, tick {}", act, number);
                    if let (Some(frame), Some(full)) = (frame, &full) {
                        prop_assert!(frame.data() == full.data(), "{:?}, tick {}: the planes differ", act, number);
                    }
                }
                batch.clear();
            }
        }
    }

    /// Whatever is cut short by whatever, and whenever: the next picture is the one before.
    #[test]
    fn what_is_interrupted_goes_on_from_what_is_on_the_screen(
        ways in vec((arbitrary::transition(&[]), 0..12_u64), 2..6),
    ) {
        let mut stage = Stage::with_two();
        for (index, (transition, ticks)) in ways.into_iter().enumerate() {
            let before = stage.picture();
            let id = scene_id(if index % 2 == 0 { "evening" } else { "main" });
            stage.edit(vec![Edit::ActivateScene { id, transition: Some(transition.clone()) }]);
            let begins_with_nothing = transition.progress(0.0) == Some(0.0);
            prop_assert!(!begins_with_nothing || stage.picture() == before, "{:?} jumps", transition);
            stage.play(ticks);
        }
        stage.play(60);
        prop_assert!(stage.picture() == stage.alone());
    }
}
