//! Lines where they have hardly any shape.

use serde_json::{Value, json};

use crate::stage::*;

fn picture(content: Value) -> Vec<u8> {
    let layer = json!({ "id": "shape", "transform": { "position": { "x": 64, "y": 48 } }, "content": content });
    Stage::with(json!([layer])).compositor.picture().data
}

fn stroked(geometry: Value, stroke: Value) -> Value {
    json!({ "type": "shape", "geometry": geometry, "stroke": stroke })
}

/// Both of its ends are alike, whatever its length.
#[test]
fn an_ellipse_without_height_or_width_is_a_line() {
    let nothing = picture(stroked(
        json!({ "type": "rect", "width": 0, "height": 0 }),
        json!({ "paint": "#00ff0000", "width": 1 }),
    ));
    for length in (1..60).map(|step| f64::from(step) * 1.7) {
        for (size, end) in [((length, 0.0), (length, 0.0)), ((0.0, length), (0.0, length))] {
            let stroke = json!({ "paint": "#00ff00", "width": 6 });
            let ellipse = json!({ "type": "ellipse", "width": size.0, "height": size.1 });
            let line = json!({ "type": "line", "from": { "x": 0, "y": 0 }, "to": { "x": end.0, "y": end.1 } });
            let (ellipse, line) = (picture(stroked(ellipse, stroke.clone())), picture(stroked(line, stroke)));
            assert!(line != nothing && ellipse == line, "{size:?}");
        }
    }
}

/// As much of the line is seen as the dashes cover, and what they cover all of is a line.
#[test]
fn dashes_that_are_too_short_to_be_seen_are_as_faint_as_they_are() {
    let middle = |dash: [f64; 2], cap: &str, paint: Value| {
        let line = json!({ "type": "line", "from": { "x": 0, "y": 0 }, "to": { "x": 60, "y": 0 } });
        let picture = picture(stroked(line, json!({ "paint": paint, "width": 20, "dash": dash, "cap": cap })));
        picture[(48 * WIDTH + 64) * 4 + 1]
    };
    let green = json!("#00ff00");
    let gradient = json!({ "type": "linear", "stops": [{ "offset": 0, "color": "#00ff00" }, { "offset": 1, "color": "#00ff00" }] });
    for paint in [green, gradient] {
        assert!(middle([0.05, 0.05], "butt", paint.clone()).abs_diff(128) <= 1);
        assert!(middle([0.05, 0.15], "butt", paint.clone()).abs_diff(64) <= 1);
        assert_eq!(middle([0.0, 0.1], "butt", paint.clone()), 0);
        assert_eq!(middle([0.1, 0.0], "butt", paint.clone()), 255);
        assert_eq!(middle([0.05, 0.05], "round", paint), 255, "ends reach over the gaps");
    }
}
