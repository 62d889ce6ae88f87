//! What is refused, and in what words.

use super::*;

fn faults(content: &Content, value: serde_json::Value) -> Vec<String> {
    check(&animation(value), content).iter().map(ToString::to_string).collect()
}

#[test]
fn what_cannot_be_animated_is_said_with_what_can() {
    let text = content(json!({ "type": "text", "text": "Hello", "fill": { "type": "linear", "stops": [
        { "offset": 0, "color": "#ff0000" }, { "offset": 1, "color": "#00ff00" }] } }));
    let on_text = |property: &str, to: serde_json::Value| {
        faults(&text, json!({ "property": property, "to": to, "duration": 1 })).join("; ")
    };
    let unknown = on_text("content.fnt.size", json!(3));
    assert!(unknown.starts_with("/property: found `content.fnt.size`, expected one of `opacity`, "), "{unknown}");
    assert!(unknown.ends_with("did you mean `content.font.size`?"), "{unknown}");
    assert!(unknown.contains("`content.fill.stops.1.color`"), "{unknown}");
    assert_eq!(
        on_text("content.width", json!(3)),
        "/property: found `content.width`, which is not there to be animated, expected a number in `width` in the content"
    );
    assert!(on_text("content.stroke.width", json!(3)).contains("a `stroke` in the content"));
    assert_eq!(on_text("content.fill", json!("#ffffff")), "");
    assert_eq!(on_text("opacity", json!("#ffffff")), "/to: found the colour `#ffffff`, expected a number from 0 to 1");
    assert_eq!(on_text("opacity", json!(1.5)), "/to: found the number 1.5, expected a number from 0 to 1");
    assert!(on_text("transform.rotation", json!("50%")).contains("found the percentage `50%`"));
    assert!(on_text("transform.anchor", json!({ "x": "1%", "y": 0 })).contains("found the pair { x: 1%, y: 0 }"));
    assert_eq!(on_text("content.fill.stops.1.color", json!("#ffffff")), "");
}

#[test]
fn what_cannot_be_played_is_said_all_at_once() {
    let pointers = |value: serde_json::Value| -> Vec<String> {
        check(&animation(value), &group()).into_iter().map(|fault| fault.pointer).collect()
    };
    let frames = |times: &[f64]| -> Vec<_> { times.iter().map(|at| json!({ "at": at, "value": 0 })).collect() };
    let with = |fields: serde_json::Value| {
        let mut value = json!({ "property": "opacity" });
        value.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        pointers(value)
    };
    assert_eq!(with(json!({})), [""]);
    assert_eq!(with(json!({ "to": 1 })), [""]);
    assert_eq!(with(json!({ "to": 1, "duration": 0 })), ["/duration"]);
    assert_eq!(with(json!({ "to": 1, "duration": 1, "keyframes": frames(&[0.0, 1.0]) })), ["/keyframes"]);
    assert_eq!(with(json!({ "from": 1, "keyframes": frames(&[0.0, 1.0]) })), ["/from"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0]) })), ["/keyframes"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 1.0, 1.0, 0.5]) })), ["/keyframes/2/at", "/keyframes/3/at"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 2.0]), "duration": 1 })), ["/duration"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 2.0]), "delay": -1, "speed": 0 })), ["/delay", "/speed"]);
    let several =
        json!({ "property": "opacty", "keyframes": [{ "at": 1, "value": 0 }, { "at": 0, "value": 0 }], "from": 1 });
    assert_eq!(pointers(several), ["/from", "/keyframes/1/at", "/property"]);
}

#[test]
fn lengths_of_a_content_keep_their_unit() {
    let color = content(json!({ "type": "color", "color": "#000000", "size": { "width": "50%", "height": 100 } }));
    let to =
        |to: serde_json::Value| faults(&color, json!({ "property": "content.size.width", "to": to, "duration": 1 }));
    assert_eq!(to(json!("80%")), Vec::<String>::new());
    assert_eq!(to(json!(0)), Vec::<String>::new());
    assert_eq!(to(json!(80)), ["/to: found `80`, pixels, expected a percentage, as where it comes from"]);
    assert_eq!(
        to(json!("-1%")),
        ["/to: found the percentage `-1%`, expected pixels or a percentage from 0 to 1000000"]
    );
}

#[test]
fn what_cannot_go_on_top_of_others_is_refused_with_the_remedy() {
    let color = content(json!({ "type": "color", "color": "#000000", "size": { "width": "50%", "height": 100 } }));
    let found = |more: serde_json::Value| {
        let mut value = json!({ "property": "opacity", "to": 1, "duration": 1 });
        value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        faults(&color, value).join("; ")
    };
    let fill = |key: &str, word: &str| found(json!({ "property": "content.color", "to": "#ffffff", key: word }));
    assert_eq!(
        fill("queue", "add"),
        "/queue: found `add` for `content.color`, expected another: nothing can be added to a colour"
    );
    assert_eq!(
        fill("values", "factor"),
        "/values: found `factor` for `content.color`, expected another: a colour has no factor"
    );
    assert_eq!(fill("queue", "blend"), "");
    assert_eq!(found(json!({ "property": "transform.position.x", "queue": "multiply" })), "");
    assert_eq!(
        found(json!({ "property": "transform.position.x", "queue": "multiply", "to": "50%" })),
        "/to: found the percentage `50%`, expected a number from -10000 to 10000"
    );
    assert_eq!(
        found(json!({ "property": "content.size.width", "values": "factor", "from": "50%" })),
        "/from: found the percentage `50%`, expected a number from -10000 to 10000"
    );
    let multiplied =
        json!({ "property": "transform.position", "path": "M 0 0 H 9", "duration": 1, "queue": "multiply" });
    assert_eq!(
        faults(&color, multiplied),
        ["/queue: found `multiply` beside `path`, expected another: a path leads to places, which are no factors"]
    );
    assert_eq!(
        found(json!({ "weight": 0.5 })),
        "/weight: found `weight` for what does `replace`, expected no `weight`, or `\"queue\": \"blend\"` beside it"
    );
    assert_eq!(found(json!({ "queue": "blend", "weight": 1.5 })), "/weight: found 1.5, expected a share from 0 to 1");
    assert_eq!(
        found(json!({ "queue": "add", "values": "offset" })),
        "/values: found `offset` for what does `add`, expected only one of them"
    );
    let path = json!({ "property": "transform.position", "path": "M 0 0 H 9", "duration": 1, "values": "offset" });
    assert!(faults(&color, path)[0].starts_with("/values: found `offset` beside `path`"));
    assert_eq!(found(json!({ "property": "content.size.width", "queue": "add", "to": "5%" })), "");
    assert_eq!(
        found(json!({ "property": "content.size.width", "queue": "add", "to": 5 })),
        "/to: found `5`, pixels, expected a percentage, as where it comes from"
    );
    let endless = animation(json!({ "property": "opacity", "to": 1, "duration": 1, "repeat": "forever" }));
    let append = animation(json!({ "property": "opacity", "to": 1, "duration": 1, "queue": "append" }));
    let queued: Vec<String> =
        check_queues([&endless, &append].into_iter().enumerate()).iter().map(ToString::to_string).collect();
    assert_eq!(
        queued,
        [
            "/1/queue: found `append` to number 0, which animates `opacity` without end, expected only such before it as \
          end, or `replace`"
        ]
    );
    assert_eq!(check_queues([&append, &endless].into_iter().enumerate()), []);
}

#[test]
fn one_half_of_a_pair_is_for_pairs_and_for_all_values_alike() {
    let found = |value: serde_json::Value| faults(&group(), value).join("; ");
    let to = |property: &str, to: serde_json::Value| found(json!({ "property": property, "to": to, "duration": 1 }));
    assert_eq!(to("transform.position", json!({ "x": "50%" })), "");
    assert_eq!(to("transform.scale", json!({ "y": 2 })), "");
    assert_eq!(
        to("opacity", json!({ "x": 1 })),
        "/to: found the pair { x: 1 } without `y`, expected a number from 0 to 1"
    );
    assert!(to("transform.anchor", json!({ "y": "9%" })).starts_with("/to: found the percentage `9%`"));
    assert!(
        to("transform.position", json!({})).starts_with("/to: found a pair without `x` and `y`, expected { x, y }")
    );
    let mixed =
        found(json!({ "property": "transform.position", "from": { "x": 1, "y": 2 }, "to": { "x": 5 }, "duration": 1 }));
    assert!(mixed.starts_with("/to: found the pair { x: 5 } without `y`, expected { x, y } with"), "{mixed}");
    let crossed =
        found(json!({ "property": "transform.position", "from": { "x": 1 }, "to": { "y": 5 }, "duration": 1 }));
    assert!(
        crossed.contains("/from: found") && crossed.contains("/to: found the pair { y: 5 } without `x`"),
        "{crossed}"
    );
    assert!(to("opacty", json!({ "x": 1 })).starts_with("/property: found `opacty`"));
}

#[test]
fn an_empty_list_of_keyframes_is_refused_where_it_stands() {
    use crate::document::{LayerDocument, Limits};
    for also in [json!({}), json!({ "to": 1, "duration": 1 })] {
        let mut animation = json!({ "property": "opacity", "keyframes": [] });
        animation.as_object_mut().expect("an object").extend(also.as_object().expect("an object").clone());
        let layer = json!({ "id": "a", "content": { "type": "group" }, "animations": [animation] });
        let faults = LayerDocument::from_value(layer, &Limits::default()).expect_err("there are none");
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            told[0].starts_with("/animations/0/keyframes: found a list of 0 items, expected a list of 2"),
            "{told:?}"
        );
    }
}
