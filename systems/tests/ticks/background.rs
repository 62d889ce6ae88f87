//! What is done in the background while the ticks go on.

use std::time::{Duration, Instant};

use components::Edit;
use serde_json::{Value, json};
use systems::{TickReport, rasterise::Patience};

use crate::stage::*;

/// Ticks, at the same scene time, until the background workers have nothing to do and nothing comes of it any more.
fn settle(stage: &mut Stage, seconds: f64) -> TickReport {
    let until = Instant::now() + DEADLINE;
    let mut was_idle = false;
    loop {
        assert!(Instant::now() < until, "the background workers never end");
        stage.next += 1;
        let report = stage.compositor.tick(stage.next - 1, seconds);
        let background = report.background;
        // What one tick takes in may be what the next one begins with.
        let is_idle = background.queued == 0 && background.threads == 0 && report.damage.is_empty();
        if is_idle && was_idle {
            return report;
        }
        was_idle = is_idle;
        std::thread::yield_now();
    }
}

#[test]
fn what_takes_long_is_drawn_in_the_background_and_the_last_picture_stays() {
    let mut stage = Stage::new(SETTINGS);
    // Everything takes longer than this.
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    let words = json!({ "id": "words", "content": { "type": "text", "text": "Hi", "font": { "size": 20 } } });
    let scene = json!([block("box", "#ff0000", (60, 0), (40, 40)), words]);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(document(scene)) }]);
    let before = settle(&mut stage, 0.0);
    assert_eq!(before.background.tasks, 3, "the box, the lines of the text, the text");
    assert_eq!(stage.pixel(80, 20), RED);
    let report = stage.edit(vec![patch("box", json!({ "content": { "color": "#00ff00" } }))]);
    assert_eq!(stage.pixel(80, 20), RED, "the last picture stays");
    assert_eq!((report.rasterised, report.rasters.late), (0, before.rasters.late + 1));
    settle(&mut stage, 0.0);
    assert_eq!(stage.pixel(80, 20), GREEN, "the present one comes by itself");
    let still = stage.tick();
    assert!(still.damage.is_empty() && still.background.tasks == 4, "{still:?}");

    stage.compositor.inject_faults(|layer| layer == "box");
    stage.edit(vec![patch("box", json!({ "content": { "color": "#0000ff" } }))]);
    let report = settle(&mut stage, 0.0);
    assert_eq!(report.background.panics, 1, "met in the background");
    assert!(report.render.panics >= 1, "and where it is shown");
    assert_ne!(stage.pixel(80, 36), GREEN, "a card stands in its place");
}

#[test]
fn what_the_content_before_an_edit_took_says_nothing_about_what_comes_after_it() {
    let point = |n: u32| json!({ "x": n * 7919 % 128, "y": n * 104_729 % 96 });
    let points: Vec<_> = (0..3000).map(point).collect();
    let stroke = json!({ "paint": "#ffffff", "width": 5, "join": "round" });
    let content = json!({ "type": "shape", "fill": "#ff0000", "stroke": stroke, "geometry": { "type": "polygon", "points": points } });
    let mut stage = Stage::new(SETTINGS);
    // Less than the thousands of lines take, more than is guessed for a small box.
    stage.compositor.set_patience(Patience::Within(Duration::from_micros(500)));
    let scene = json!([{ "id": "shape", "content": content }]);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(document(scene)) }]);
    let before = settle(&mut stage, 0.0).rasters.late;
    let geometry = json!({ "type": "rect", "points": null, "width": 40, "height": 40 });
    let report = stage
        .edit(vec![patch("shape", json!({ "content": { "geometry": geometry, "stroke": null, "fill": "#00ff00" } }))]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert_eq!((report.rasterised, report.rasters.late), (1, before));
    assert_eq!(stage.pixel(20, 20), GREEN);
}

/// What hides all that is below when it is drawn hides nothing before.
#[test]
fn what_is_below_is_seen_until_what_hides_it_is_drawn() {
    let mut stage = Stage::new(SETTINGS);
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    stage.edit(vec![Edit::LoadScene {
        scene: Box::new(document(json!([block("below", "#00ff00", (0, 0), (160, 40))]))),
    }]);
    settle(&mut stage, 0.0);
    assert_eq!(stage.pixel(80, 20), GREEN);
    let above = serde_json::from_value(block("above", "#ff0000", (0, 0), (160, 40))).unwrap();
    stage.edit(vec![Edit::CreateLayer { layer: Box::new(above), parent: None, index: None }]);
    let deadline = Instant::now() + DEADLINE;
    while stage.pixel(80, 20) != RED {
        assert_eq!(stage.pixel(80, 20), GREEN, "nothing is black");
        assert!(Instant::now() < deadline, "it never came");
        stage.tick();
    }
    // Of what grows the old picture stays, and all around it what is below.
    stage.edit(vec![patch("above", json!({ "content": { "size": { "width": 20, "height": 40 } } }))]);
    while stage.pixel(80, 20) != GREEN {
        assert_eq!(stage.pixel(80, 20), RED);
        stage.tick();
    }
    stage.edit(vec![patch("above", json!({ "content": { "size": { "width": 160, "height": 40 } } }))]);
    while stage.pixel(80, 20) != RED {
        assert_eq!((stage.pixel(10, 20), stage.pixel(80, 20)), (RED, GREEN));
        stage.tick();
    }
}

/// Its lines are others by the time they come: one moment of it is seen after the other, and where it comes to rest in the
/// end.
#[test]
fn a_long_text_that_an_animation_changes_all_the_time_is_seen() {
    let words = json!({ "id": "words",
        "content": { "type": "text", "text": "wide words ".repeat(30), "font": { "size": 20 }, "width": 100 },
        "animations": [{ "property": "content.width", "from": 100, "to": 300, "duration": 1000 }] });
    let mut stage = Stage::new(SETTINGS);
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([words.clone()]))) }]);
    let until = Instant::now() + DEADLINE;
    let (mut seen, mut steps) = (vec![stage.compositor.picture().data], 0);
    while seen.len() < 4 {
        assert!(Instant::now() < until, "there is not one picture after the other");
        (stage.next, steps) = (stage.next + 1, (steps + 1) % 100);
        // Two pixels more each time: words move from line to line.
        let report = stage.compositor.tick(stage.next - 1, f64::from(steps) * 10.0);
        assert_eq!(report.rasterised, 0, "not by the tick");
        let picture = stage.compositor.picture().data;
        if seen.last() != Some(&picture) {
            seen.push(picture);
        }
    }
    settle(&mut stage, 1001.0);
    let mut patient = Stage::with(json!([words]));
    patient.compositor.tick(1, 1001.0);
    assert!(stage.compositor.picture().data == patient.compositor.picture().data, "the same bytes in the end");
}

#[test]
fn what_will_appear_is_drawn_before_it_does() {
    let mut fading = block("box", "#ff0000", (60, 0), (40, 40));
    fading["opacity"] = json!(0);
    fading["animations"] = json!([{ "property": "opacity", "from": 0, "to": 1, "delay": 5, "duration": 1 }]);
    let mut stage = Stage::with(json!([fading]));
    stage.compositor.set_patience(Patience::Within(DEADLINE));
    assert_eq!(settle(&mut stage, 2.0).background.tasks, 0, "it is far ahead");
    for _ in 0..10 {
        settle(&mut stage, 4.5);
    }
    assert_eq!(settle(&mut stage, 4.5).background.tasks, 1, "it is near");
    assert!(stage.compositor.picture().data.chunks(4).all(|pixel| pixel[0] == 0), "and not seen yet");
    stage.next += 1;
    let report = stage.compositor.tick(stage.next, 5.5);
    assert_eq!((report.rasterised, report.rasters.hits), (0, 1));
    assert!(stage.pixel(80, 20)[0] > 50);
}

/// Lines that cross each other often take long to fill, and nobody can tell before.
#[test]
fn a_long_path_is_drawn_in_the_background_from_the_first_time_on() {
    let points = (0..800).map(|n| format!("L {} {}", (n * 37) % 60, (n * 53) % 40)).collect::<Vec<_>>().join(" ");
    let drawing = json!({ "id": "scribble", "content": { "type": "shape", "fill": "#ff0000",
        "geometry": { "type": "path", "d": format!("M 0 0 L 60 0 L 60 40 L 0 40 Z M 0 0 {points}") } } });
    let mut stage = Stage::with(json!([block("box", "#00ff00", (70, 0), (20, 20))]));
    stage.compositor.set_patience(Patience::Within(DEADLINE));
    let report = stage.edit(vec![create(drawing, None)]);
    assert_eq!(report.rasterised, 0, "not by the tick");
    let report = settle(&mut stage, 0.0);
    assert_eq!(report.background.tasks, 1);
    assert_eq!(stage.pixel(2, 1), RED);
}

/// So long that setting and drawing it takes more than a few ticks.
fn long_text() -> String {
    "Lorem ipsum dolor sit amet 漢字 かな. ".repeat(40)
}

/// Letters that may be set by a tick, or that take longer than this.
const BRIEF: Duration = Duration::from_millis(5);

fn words(text: &str) -> Value {
    json!({ "id": "words", "transform": { "anchor": { "x": 0, "y": 0 } }, "content":
        { "type": "text", "text": text, "font": { "size": 8 }, "width": 128, "height": 96, "fill": "#ff0000" } })
}

/// Letters are not looked at by the tick: neither when the text comes nor when it changes, and what was there stays.
#[test]
fn a_long_text_is_set_and_drawn_in_the_background() {
    let mut stage = Stage::with(json!([words("Hi")]));
    let short = stage.compositor.picture().data;
    assert!(short.chunks(4).any(|pixel| pixel[0] > 100));
    stage.compositor.set_patience(Patience::Within(BRIEF));
    let report = stage.edit(vec![patch("words", json!({ "content": { "text": long_text() } }))]);
    assert_eq!((report.rasterised, report.damage.len()), (0, 0), "neither drawn nor measured by the tick");
    assert!(report.rasters.late > 0, "that is counted");
    assert!(stage.compositor.picture().data == short, "the last picture stays");
    let report = settle(&mut stage, 0.0);
    assert_eq!((report.background.tasks, report.rasterised), (2, 0), "set and drawn");
    let by_background = stage.compositor.picture().data;
    assert!(by_background != short);

    // Whoever waits for everything sees the same at once, and draws it by the tick.
    let mut patient = Stage::with(json!([words("Hi")]));
    let report = patient.edit(vec![patch("words", json!({ "content": { "text": long_text() } }))]);
    assert_eq!((report.rasterised, report.background.tasks), (1, 0));
    assert!(patient.compositor.picture().data == by_background, "the same bytes");

    // The lines are known now: it is drawn at another size without being set anew.
    let known = report.text.lines.misses;
    let report = patient.edit(vec![patch("words", json!({ "transform": { "scale": { "x": 0.5, "y": 0.5 } } }))]);
    assert_eq!((report.rasterised, report.text.lines.misses), (1, known));
}

/// A text that becomes short while the long one is being set is shown at once, and the long one never.
#[test]
fn a_text_that_is_not_wanted_any_more_is_not_shown() {
    let mut stage = Stage::with(json!([words("Hi")]));
    let short = stage.compositor.picture().data;
    stage.compositor.set_patience(Patience::Within(BRIEF));
    stage.edit(vec![patch("words", json!({ "content": { "text": long_text() } }))]);
    stage.edit(vec![patch("words", json!({ "content": { "text": "" } }))]);
    assert!(stage.compositor.picture().data.chunks(4).all(|pixel| pixel[0] == 0));
    settle(&mut stage, 0.0);
    assert!(stage.compositor.picture().data.chunks(4).all(|pixel| pixel[0] == 0), "nothing came");
    // Three texts one after the other: the last one is shown in the end.
    stage.edit(vec![patch("words", json!({ "content": { "text": long_text() } }))]);
    stage.edit(vec![patch("words", json!({ "content": { "text": long_text() + "more" } }))]);
    stage.edit(vec![patch("words", json!({ "content": { "text": "Hi" } }))]);
    settle(&mut stage, 0.0);
    assert!(stage.compositor.picture().data == short);
}

/// Groups with effects are drawn in the background if that takes long; the last picture of them stays meanwhile.
#[test]
fn a_group_that_takes_long_is_drawn_in_the_background() {
    let group = |color: &str| {
        json!({ "id": "group", "content": { "type": "group" }, "effects": [{ "type": "dropShadow", "radius": 3 }],
            "children": [block("inside", color, (64, 48), (60, 40))] })
    };
    let mut stage = Stage::with(json!([group("#ff0000")]));
    let red = stage.compositor.picture().data;
    assert_eq!(stage.pixel(64, 48), RED);
    let green = Stage::with(json!([group("#00ff00")])).compositor.picture().data;

    // The pixels are few; but what is known of this group is that it takes longer.
    stage.compositor.set_patience(Patience::Within(Duration::from_nanos(1)));
    let late = stage.edit(vec![patch("inside", json!({ "content": { "color": "#00ff00" } }))]);
    assert!(late.rasters.late > 0 && late.rasterised == 0, "{late:?}");
    let report = settle(&mut stage, 0.0);
    assert!(stage.compositor.picture().data == green, "the same bytes as by a tick");
    assert!(report.background.tasks >= 2, "its member, and it");

    // While it moves on from tick to tick, one after the other comes, and the last one in the end.
    stage.compositor.set_patience(Patience::Within(BRIEF));
    settle(&mut stage, 0.0);
    stage.compositor.set_patience(Patience::Within(Duration::from_nanos(1)));
    for x in [40, 50, 64] {
        stage.edit(vec![patch("inside", json!({ "transform": { "position": { "x": x } } }))]);
    }
    stage.edit(vec![patch("inside", json!({ "content": { "color": "#ff0000" } }))]);
    settle(&mut stage, 0.0);
    assert!(stage.compositor.picture().data == red);

    // One that panics is tried by the tick, which shows a card.
    stage.compositor.inject_faults(|layer| layer == "group");
    stage.edit(vec![patch("inside", json!({ "content": { "color": "#0000ff" } }))]);
    let report = settle(&mut stage, 0.0);
    assert_eq!(report.background.panics, 1);
    assert!(report.render.panics >= 1, "{report:?}");
    assert_ne!(stage.pixel(64, 70), [0, 0, 255, 255], "a card stands in its place");
}

/// A group that was never drawn is waited for up to the budget, and is there with the first tick if that is enough.
#[test]
fn a_group_that_is_new_is_there_with_its_members() {
    let mut stage = Stage::new(SETTINGS);
    stage.compositor.set_patience(Patience::Within(DEADLINE));
    let group = json!({ "id": "group", "content": { "type": "group" }, "effects": [{ "type": "glow", "radius": 3 }],
        "mask": { "shape": { "type": "path", "d": format!("M 0 0 {}", "L 128 0 L 128 96 L 0 96 L 0 0 ".repeat(160)) } },
        "children": [block("inside", "#ff0000", (64, 48), (60, 40))] });
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([group]))) }]);
    assert_eq!(report.background.tasks, 1, "nobody can tell how much work its mask is");
    assert_eq!(stage.pixel(64, 48), RED);
}

/// Ticks until the background workers are through; each picture is one of these two, and the second in the end.
fn changes_at_once(stage: &mut Stage, before: &[u8], after: &[u8]) {
    let until = Instant::now() + DEADLINE;
    let mut was_old = false;
    loop {
        let picture = stage.compositor.picture().data;
        was_old |= picture == before;
        assert!(picture == before || picture == after, "the old picture stands in the new place");
        if picture == after {
            break;
        }
        assert!(Instant::now() < until, "the new picture never comes");
        stage.next += 1;
        stage.compositor.tick(stage.next, 0.0);
    }
    assert!(was_old, "nothing came late");
    settle(stage, 0.0);
    assert!(stage.compositor.picture().data == after);
}

/// An edit that changes the size of a layer whose picture takes long: the old one stays where it was until then.
#[test]
fn a_layer_keeps_its_place_until_its_new_picture_is_there() {
    let centred = |content: Value| {
        json!({ "id": "layer", "content": content, "effects": [{ "type": "glow", "radius": 4 }],
            "transform": { "position": { "x": 64, "y": 48 }, "anchor": { "x": 0.5, "y": 0.5 } } })
    };
    let text = |words: &str| json!({ "type": "text", "text": words, "font": { "size": 14 } });
    let shape = |width: u32, height: u32| json!({ "type": "shape", "fill": "#ff0000", "geometry": { "type": "ellipse", "width": width, "height": height } });
    let pairs = [
        (text("Hi"), text("Hi there, you")),
        (text("Hi there, you"), text("Hi")),
        (shape(60, 20), shape(20, 60)),
        (shape(100, 60), shape(20, 20)),
        (shape(20, 20), shape(100, 60)),
    ];
    for (from, to) in pairs {
        let after = Stage::with(json!([centred(to.clone())])).compositor.picture().data;
        let mut stage = Stage::with(json!([centred(from)]));
        let before = stage.compositor.picture().data;
        stage.compositor.set_patience(Patience::Within(Duration::ZERO));
        stage.edit(vec![patch("layer", json!({ "content": to }))]);
        changes_at_once(&mut stage, &before, &after);
    }
}

/// The picture of a group that becomes smaller is not cut off by where the new one will be.
#[test]
fn a_group_that_becomes_smaller_stays_whole_until_then() {
    let group = |side: u32| {
        json!({ "id": "group", "content": { "type": "group" }, "effects": [{ "type": "blur", "radius": 3 }],
            "children": [block("inside", "#ff0000", (10, 10), (side, side))] })
    };
    let after = Stage::with(json!([group(10)])).compositor.picture().data;
    let mut stage = Stage::with(json!([group(70)]));
    let before = stage.compositor.picture().data;
    // Its member is soon drawn; what is known of the group is that it takes longer.
    stage.compositor.set_patience(Patience::Within(Duration::from_nanos(1)));
    stage.edit(vec![patch("inside", json!({ "content": { "size": { "width": 10, "height": 10 } } }))]);
    changes_at_once(&mut stage, &before, &after);
}
