//! Scenes, and what plays them.

use std::{path::PathBuf, time::Duration};

use components::{Edit, SceneDocument, SceneId, animation::trigger::EventName, document::Limits};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport};

use crate::random::animations;

pub(crate) const WIDTH: usize = 192;
pub(crate) const HEIGHT: usize = 108;
pub(crate) const FPS: f64 = 20.0;
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A compositor, and which tick comes next.
pub(crate) struct Stage {
    pub(crate) compositor: Compositor,
    pub(crate) next: u64,
}

impl Stage {
    pub(crate) fn new(threads: usize, first: SceneDocument) -> Self {
        let mut stage = Self { compositor: compositor(threads), next: 0 };
        let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(first) }]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        stage
    }

    /// Two scenes, the first on air.
    pub(crate) fn with_two() -> Self {
        let mut stage = Self::new(1, morning());
        stage.hold("evening", evening());
        stage
    }

    pub(crate) fn hold(&mut self, id: &str, scene: SceneDocument) {
        let report = self.edit(vec![Edit::PutScene { id: scene_id(id), scene: Box::new(scene) }]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    }

    pub(crate) fn edit(&mut self, edits: Vec<Edit>) -> TickReport {
        if !edits.is_empty() {
            self.compositor.submit(self.next, edits);
        }
        self.next += 1;
        self.compositor.tick(self.next - 1, seconds(self.next - 1))
    }

    pub(crate) fn tick(&mut self) -> TickReport {
        self.edit(Vec::new())
    }

    pub(crate) fn play(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.tick();
        }
    }

    pub(crate) fn activate(&mut self, id: &str, transition: Value) -> TickReport {
        let report = self.edit(vec![activate(id, &transition)]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        report
    }

    pub(crate) fn picture(&self) -> Vec<u8> {
        self.compositor.picture().data
    }

    /// The scene on air by itself, on this very tick.
    pub(crate) fn alone(&self) -> Vec<u8> {
        let mut alone = compositor(1);
        let motion_less = self.compositor.snapshot().scene;
        alone.submit(0, vec![Edit::LoadScene { scene: Box::new(motion_less) }]);
        alone.tick(0, seconds(self.next - 1));
        alone.picture().data
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred ticks")]
pub(crate) fn seconds(tick: u64) -> f64 {
    tick as f64 / FPS
}

pub(crate) fn compositor(threads: usize) -> Compositor {
    let (width, height) = (WIDTH, HEIGHT);
    Compositor::new(CompositorSettings { width, height, max_layers: 200, pool_size: 3, threads: Some(threads) })
}

pub(crate) fn scene_id(text: &str) -> SceneId {
    SceneId::new(text).unwrap()
}

pub(crate) fn fire(event: &str) -> Edit {
    Edit::FireEvent { name: EventName::new(event).unwrap() }
}

pub(crate) fn activate(id: &str, transition: &Value) -> Edit {
    Edit::ActivateScene { id: scene_id(id), transition: serde_json::from_value(transition.clone()).unwrap() }
}

pub(crate) fn document(background: &str, layers: Value) -> SceneDocument {
    let scene = json!({
        "canvas": { "width": WIDTH, "height": HEIGHT, "background": background },
        "layers": layers,
    });
    SceneDocument::parse(&scene.to_string(), &Limits::default()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(crate) fn title(text: &str, color: &str) -> Value {
    json!({
        "id": "title",
        "transform": { "position": { "x": "50%", "y": "50%" }, "anchor": { "x": 0.5, "y": 0.5 } },
        "content": { "type": "text", "text": text, "fill": color, "font": { "size": 34, "weight": 700 } },
    })
}

/// Warm colours, and a ring.
pub(crate) fn morning() -> SceneDocument {
    let gradient = json!({ "type": "linear", "angle": 90,
        "stops": [{ "offset": 0, "color": "#ffb347" }, { "offset": 1, "color": "#d3455b" }] });
    document(
        "#000000",
        json!([
            { "id": "sky", "content": { "type": "gradient", "gradient": gradient } },
            { "id": "sun", "transform": { "position": { "x": 18, "y": 14 } }, "content": { "type": "shape",
                "geometry": { "type": "ellipse", "width": 34, "height": 34 },
                "stroke": { "paint": "#fff3c4", "width": 5 } } },
            title("Morning", "#ffffff"),
        ]),
    )
}

/// Cold colours, and a grid of stars.
pub(crate) fn evening() -> SceneDocument {
    let star = |x: u32, y: u32| {
        json!({
        "id": format!("star-{x}-{y}"), "transform": { "position": { "x": 10 + x * 34, "y": 8 + y * 74 } },
        "content": { "type": "shape", "geometry": { "type": "star", "points": 5, "outerRadius": 8, "innerRadius": 4 },
            "fill": "#ffe680" } })
    };
    let mut layers: Vec<Value> = (0..6).flat_map(|x| (0..2).map(move |y| (x, y))).map(|(x, y)| star(x, y)).collect();
    layers.push(title("Evening", "#bfe3ff"));
    document("#14213d", json!(layers))
}

/// The evening with a picture that moves: a bar from the left to the right in four steps of 0.2 s.
pub(crate) fn with_stinger(folder: &str) -> SceneDocument {
    use animations::{Dispose, Frame, gif};
    let place = |x: u32| Frame {
        x,
        y: 0,
        width: 2,
        height: animations::HEIGHT,
        color: 1,
        dispose: Dispose::Background,
        over: false,
        delay: 20,
    };
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("transitions").join(folder);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("swoosh.gif"), gif(&[0, 2, 4, 4].map(place), 1)).unwrap();
    let mut scene = evening();
    scene.assets = serde_json::from_value(json!([
        { "id": "swoosh", "type": "animatedImage", "path": "swoosh.gif" },
        { "id": "voice", "type": "audio", "path": "voice.wav" },
    ]))
    .unwrap();
    scene.folder = path;
    scene
}
