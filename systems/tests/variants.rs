//! Each variant of the stream is what it would be if it were drawn alone.

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

use components::{Edit, SceneDocument, VariantId, document::Limits, edit::EditRejected};
use proptest::{collection::vec, prelude::*};
use random::{LIMITS, Step, config, edits, scene, step};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, Frame};

const NAMES: [&str; 3] = ["main", "clean", "tv"];

fn compositor() -> Compositor {
    Compositor::new(CompositorSettings {
        width: 200,
        height: 150,
        max_layers: LIMITS.max_layers,
        pool_size: 3,
        threads: Some(1),
    })
}

fn variant(name: &str) -> VariantId {
    VariantId::new(name).unwrap()
}

/// A compositor of all variants, and one for each of them alone.
fn together_and_alone() -> (Compositor, [Compositor; 3]) {
    let mut together = compositor();
    together.set_variants(variant("main"), [variant("clean"), variant("tv")]);
    let alone = NAMES.map(|name| {
        let mut alone = compositor();
        alone.set_variants(variant(name), []);
        alone
    });
    (together, alone)
}

/// Takes over those frames that are new.
fn keep(kept: &mut Option<Arc<Frame>>, frame: Option<Arc<Frame>>) {
    if frame.is_some() {
        *kept = frame;
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn a_variant_is_what_it_is_alone((scene, mut next) in scene(), steps in vec(step(), 1..8)) {
        let (mut together, mut alone) = together_and_alone();
        let first = [Edit::LoadScene { scene: Box::new(scene) }];
        for compositor in alone.iter_mut().chain([&mut together]) {
            compositor.submit(0, first.to_vec());
            compositor.tick(0, 0.0);
            prop_assert!(compositor.finish_loading(Instant::now() + Duration::from_secs(60)));
            compositor.redraw();
        }
        let mut shown: [Option<Arc<Frame>>; 3] = [const { None }; 3];
        let mut expected = shown.clone();
        let mut tick = 1;
        for step in std::iter::once(&Step::Wait(1)).chain(&steps) {
            let mut batch = edits(step, &together.snapshot().scene, &mut next);
            let ticks = if let Step::Wait(ticks) = step { *ticks } else { 1 };
            if let Step::Resize { width, height } = step {
                alone.iter_mut().chain([&mut together]).for_each(|compositor| compositor.resize(*width, *height));
            }
            for _ in 0..ticks {
                for compositor in alone.iter_mut().chain([&mut together]) {
                    compositor.submit(tick, batch.clone());
                }
                #[expect(clippy::cast_precision_loss, reason = "a few hundred ticks")]
                let seconds = tick as f64 / 30.0;
                let report = together.tick(tick, seconds);
                let frames = std::iter::once(report.frame).chain(report.variants);
                shown.iter_mut().zip(frames).for_each(|(kept, frame)| keep(kept, frame));
                for (name, ((alone, kept), shown)) in NAMES.into_iter().zip(alone.iter_mut().zip(&mut expected).zip(&shown)) {
                    keep(kept, alone.tick(tick, seconds).frame);
                    let (kept, shown) = (kept.as_ref().unwrap(), shown.as_ref().unwrap());
                    let first = kept.data().iter().zip(shown.data()).position(|(left, right)| left != right);
                    prop_assert!(first.is_none(), "tick {tick} differs at byte {first:?} of `{name}`");
                }
                batch.clear();
                tick += 1;
            }
        }
    }
}

fn show(layers: &Value) -> SceneDocument {
    let scene = json!({ "canvas": { "width": 200, "height": 150, "background": "#000000" }, "layers": layers });
    SceneDocument::parse(&scene.to_string(), &Limits { max_layers: 20 }).unwrap()
}

fn patch(x: i32, color: &str) -> Value {
    json!({
        "id": format!("at-{x}"), "transform": { "position": { "x": x, "y": 0 } },
        "content": { "type": "color", "color": color, "size": { "width": 50, "height": 150 } },
    })
}

/// The luma in the middle of each of four columns.
fn columns(frame: &Frame) -> [u8; 4] {
    [25, 75, 125, 175].map(|x| frame.planes().0[75 * frame.y_stride() + x])
}

#[test]
fn layers_are_left_out_and_added() {
    let limited = |mut layer: Value, variants: Value| {
        layer["variants"] = variants;
        layer
    };
    let group = json!({
        "id": "group", "content": { "type": "group" }, "variants": { "except": ["clean"] },
        "children": [patch(100, "#ffffff")],
    });
    let layers = json!([
        patch(0, "#ffffff"),
        limited(patch(50, "#ffffff"), json!({ "only": ["tv"] })),
        group,
        limited(patch(150, "#ffffff"), json!({ "only": ["main", "tv"], "except": ["tv"] })),
    ]);
    let (mut together, _) = together_and_alone();
    together.submit(0, vec![Edit::LoadScene { scene: Box::new(show(&layers)) }]);
    let report = together.tick(0, 0.0);
    let seen = |frame: &Option<Arc<Frame>>| columns(frame.as_ref().unwrap()).map(|luma| luma > 200);
    assert_eq!(seen(&report.frame), [true, false, true, true]);
    assert_eq!(
        report.variants.iter().map(seen).collect::<Vec<_>>(),
        [[true, false, false, false], [true, true, true, false]]
    );
    // What is seen in one of them alone makes no frame for the others.
    let patch = json!({ "opacity": 0.5 });
    let id = components::LayerId::new("at-50").unwrap();
    together.submit(1, vec![Edit::PatchLayer { id, patch }]);
    let report = together.tick(1, 0.1);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(report.variants[1].is_some());
}

#[test]
fn what_is_one_picture_for_all_is_left_out_as_a_whole_only() {
    let layers = json!([{
        "id": "blurred", "content": { "type": "group" }, "effects": [{ "type": "blur", "radius": 3 }],
        "children": [{ "id": "inside", "content": { "type": "group" }, "children": [patch(0, "#ffffff")] }],
    }]);
    let (mut together, _) = together_and_alone();
    together.submit(0, vec![Edit::LoadScene { scene: Box::new(show(&layers)) }]);
    assert!(together.tick(0, 0.0).outcomes[0].1.is_ok());
    let patch = json!({ "variants": { "except": ["clean"] } });
    let limit = |id: &str| vec![Edit::PatchLayer { id: components::LayerId::new(id).unwrap(), patch: patch.clone() }];
    together.submit(1, limit("at-0"));
    together.submit(2, limit("blurred"));
    let outcomes = together.tick(1, 0.1).outcomes;
    let Err(refused) = &outcomes[0].1 else { panic!("{outcomes:?}") };
    let EditRejected::Invalid { faults } = &refused.reason else { panic!("{refused:?}") };
    assert_eq!(faults[0].pointer, "/variants");
    assert!(faults[0].to_string().contains("`blurred`, which has effects"), "{}", faults[0]);
    assert!(outcomes[1].1.is_ok(), "{outcomes:?}");
}
