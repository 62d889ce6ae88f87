//! A compositor that has drawn a scene once.

use components::{Edit, SceneDocument, document::Limits};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings};

use crate::support::golden::Canvas;

pub(crate) const WIDTH: usize = 320;
pub(crate) const HEIGHT: usize = 180;

/// A compositor that has drawn the scene of these layers once.
pub(crate) fn compositor(layers: Value) -> Compositor {
    let document = json!({ "canvas": { "width": WIDTH, "height": HEIGHT, "background": "#3d5a6c" }, "layers": layers });
    let scene = SceneDocument::parse(&document.to_string(), &Limits::default())
        .unwrap_or_else(|faults| panic!("the test's scene is not valid: {faults:?}"));
    let (width, height) = (WIDTH, HEIGHT);
    let settings = CompositorSettings { width, height, max_layers: 50, pool_size: 2, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    compositor
}

/// What the compositor has drawn.
pub(crate) fn drawn(compositor: &Compositor) -> Canvas {
    let mut canvas = Canvas::checkered(WIDTH as u32, HEIGHT as u32);
    canvas.lay(&compositor.picture().data, WIDTH, 0, 0);
    canvas
}
