//! What is known of how long pictures take, and what follows from that.

use std::time::Duration;

use components::Edit;
use serde_json::json;
use systems::rasterise::Patience;

use crate::stage::*;

/// What is drawn in no time at a small size says little of a large one: that is drawn in the background, and the small
/// picture stays until then.
#[test]
fn what_was_small_and_becomes_large_is_drawn_in_the_background() {
    for effect in [
        json!({ "type": "blur", "radius": 6 }),
        json!({ "type": "glow", "radius": 6, "color": "#ffffff" }),
        json!({ "type": "outline", "width": 4, "color": "#00ff00" }),
        json!({ "type": "dropShadow", "radius": 6, "offset": { "x": 3, "y": 3 }, "color": "#0000ff" }),
    ] {
        let mut layer = block("box", "#ff0000", (20, 20), (600, 400));
        layer["effects"] = json!(vec![effect.clone(); 8]);
        layer["transform"]["scale"] = json!(0.01);
        let mut stage = Stage::new(SETTINGS);
        stage.compositor.set_patience(Patience::Endless);
        stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([layer]))) }]);
        // More than the small picture takes, and much less than what it is multiplied by.
        stage.compositor.set_patience(Patience::Within(Duration::from_millis(2)));
        let report = stage.edit(vec![patch("box", json!({ "transform": { "scale": 1 } }))]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        assert_eq!(report.rasterised, 0, "{effect}: not by the tick");
        assert!(report.rasters.late > 0, "{effect}: what is shown is counted as late");
    }
}
