//! A small compositor, and words for what is done to it.

use std::time::Duration;

use components::{Edit, LayerId, SceneDocument, edit::EditRejected};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, TickReport};

pub(crate) const WIDTH: usize = 128;
pub(crate) const HEIGHT: usize = 96;
pub(crate) const SETTINGS: CompositorSettings =
    CompositorSettings { width: WIDTH, height: HEIGHT, max_layers: 100, pool_size: 3, threads: Some(1) };
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const RED: [u8; 4] = [255, 0, 0, 255];
pub(crate) const GREEN: [u8; 4] = [0, 255, 0, 255];

/// A compositor, and which tick comes next.
pub(crate) struct Stage {
    pub(crate) compositor: Compositor,
    pub(crate) next: u64,
}

impl Stage {
    pub(crate) fn new(settings: CompositorSettings) -> Self {
        Self { compositor: Compositor::new(settings), next: 0 }
    }

    /// Its first tick has drawn a scene of these layers on a canvas of the frame's size.
    pub(crate) fn with(layers: Value) -> Self {
        let mut stage = Self::new(SETTINGS);
        let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(layers)) }]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        stage
    }

    #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
    pub(crate) fn tick(&mut self) -> TickReport {
        self.next += 1;
        self.compositor.tick(self.next - 1, (self.next - 1) as f64 / 10.0)
    }

    /// A tick with a batch of edits.
    pub(crate) fn edit(&mut self, edits: Vec<Edit>) -> TickReport {
        self.compositor.submit(self.next, edits);
        self.tick()
    }

    /// The tick refuses the batch, and nothing else comes of it.
    pub(crate) fn refused(&mut self, edits: Vec<Edit>) -> EditRejected {
        let before = self.compositor.snapshot();
        let mut report = self.edit(edits);
        let after = self.compositor.snapshot();
        assert_eq!((before.scene, before.seq), (after.scene, after.seq), "a refused batch changed the scene");
        assert!(report.diff.is_none(), "{:?}", report.diff);
        assert_still(&report);
        report.outcomes.pop().unwrap().1.expect_err("the batch should have been refused").reason
    }

    pub(crate) fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        self.compositor.picture().data.as_chunks().0[y * WIDTH + x]
    }
}

pub(crate) fn document(layers: Value) -> SceneDocument {
    serde_json::from_value(json!({ "canvas": { "width": WIDTH, "height": HEIGHT }, "layers": layers })).unwrap()
}

/// A box of one colour, its top left corner at (`x`, `y`).
pub(crate) fn block(id: &str, color: &str, (x, y): (i32, i32), (width, height): (u32, u32)) -> Value {
    json!({
        "id": id,
        "transform": { "position": { "x": x, "y": y } },
        "content": { "type": "color", "color": color, "size": { "width": width, "height": height } },
    })
}

pub(crate) fn id(text: &str) -> LayerId {
    LayerId::new(text).unwrap()
}

pub(crate) fn patch(layer: &str, patch: Value) -> Edit {
    Edit::PatchLayer { id: id(layer), patch }
}

pub(crate) fn create(layer: Value, parent: Option<&str>) -> Edit {
    Edit::CreateLayer { layer: Box::new(serde_json::from_value(layer).unwrap()), parent: parent.map(id), index: None }
}

pub(crate) fn assert_still(report: &TickReport) {
    assert!(
        report.damage.is_empty() && report.frame.is_none() && !report.starved && report.rasterised == 0,
        "{report:?}"
    );
}
