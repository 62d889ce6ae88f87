//! Everything besides layers: transport, scenes, motion, sound, outputs, settings, the log.

use serde_json::json;

use crate::{process::free_port, *};

#[test]
fn the_show_and_the_service_are_steered() {
    let service = start(&[]);
    let page = open(&service);
    let transport = |state: &str| {
        wait_for(&format!("the stream to be {state}"), PATIENCE, || (service.status()["state"] == state).then_some(()));
        page.wait(&format!("document.getElementById('on-air').dataset.state === '{state}'"));
    };
    service.send("POST", "/api/stream/timelines/sweep/play", &Value::Null).expect(200);
    page.click("#hold");
    transport("paused");
    // One frame on, and no more.
    let position = || service.json("/api/stream/timelines")["timelines"][0]["position"].as_f64().unwrap();
    service.wait_for_frames(3);
    let before = position();
    page.click("#step");
    wait_for("a step", PATIENCE, || (position() > before).then_some(()));
    service.wait_for_frames(3);
    assert!((position() - before - 1.0 / 15.0).abs() < 1e-6, "from {before} to {}", position());
    page.keys("k");
    transport("live");
    service.send("POST", "/api/stream/timelines/sweep/cancel", &Value::Null).expect(200);
    page.click("#air");
    page.click("#air");
    transport("stopped");
    page.click("#air");
    transport("live");
    // Motion: a timeline, an event that a trigger waits for, and a trigger by itself.
    page.click("#tab-timelines");
    page.click("#timeline-sweep [data-verb=play]");
    page.wait("document.querySelector('#timeline-sweep .pill').textContent === 'Playing'");
    page.click("#timeline-sweep [data-verb=pause]");
    wait_for("it to stand still", PATIENCE, || {
        (service.json("/api/stream/timelines")["timelines"][0]["state"] == "paused").then_some(())
    });
    page.click("#timeline-sweep [data-verb=cancel]");
    page.wait("document.querySelector('#timeline-sweep .pill').textContent === 'Idle'");
    page.click("#panel-timelines .chip");
    seen(&service, ON_GREEN, WHITE);
    // One that waits for New Year acts now.
    page.click("#trigger-blacken");
    seen(&service, ON_GREEN, BLACK);
    // Sound.
    page.click("#tab-sound");
    // A tone at full scale: 3 dB below it, as far as that is known to a tenth.
    let level = |of: &str| format!("Number(document.querySelector('{of} [role=meter]').ariaValueNow)");
    page.wait(&format!("Math.abs({} + 3) < 0.2", level("#track-tone")));
    page.wait(&format!("Math.abs({} + 4) < 0.2", level("#panel-sound > fieldset > .fields")));
    page.click("#track-tone [role=switch]");
    wait_for("silence", PATIENCE, || (service.json("/api/stream/audio/tracks/tone")["muted"] == true).then_some(()));
    page.wait(&format!("{} === -60", level("#track-tone")));
    // Outputs.
    page.click("#tab-outputs");
    page.wait("document.querySelector('#output-live .pill')?.dataset.state === 'started'");
    // Settings: one that can be changed, one that cannot, and a value that is refused.
    page.click("#tab-settings");
    page.write("[id='setting-max_layers']", "77");
    wait_for("the setting", PATIENCE, || (service.json("/api/config")["values"]["max_layers"] == 77).then_some(()));
    page.write("[id='setting-max_layers']", "many");
    page.wait("document.getElementById('setting-max_layers-error').textContent.includes('1000')");
    page.wait("document.getElementById('setting-port').tagName === 'OUTPUT'");
    // The log has it all.
    page.click("#tab-log");
    for words in ["Paused", "Off air", "Event fired: whiten", "Trigger fired: blacken", "Settings changed", "Mute tone"]
    {
        page.wait(&format!("document.querySelector('.log').textContent.includes({words:?})"));
    }
}

#[test]
fn what_goes_wrong_is_told() {
    // Nobody listens on this port; the stream key must not be shown.
    let platform = format!("rtmp://127.0.0.1:{}/live/very-secret", free_port());
    let service = start(&[("STREAM_URL", &platform)]);
    let page = open(&service);
    page.click("#tab-outputs");
    page.wait("document.querySelector('#output-stream .pill').dataset.state === 'reconnecting'");
    page.wait("document.querySelector('#output-stream .field-error').textContent !== ''");
    // A scene file that is broken changes nothing.
    std::fs::write(service.folder.path().join("stage.jsonc"), STAGE.replace("#ff0000", "red-ish")).unwrap();
    page.wait("document.querySelector('.toast.fault')?.textContent.includes('red-ish')");
    page.click("#tab-log");
    page.wait("document.querySelector('.log [data-kind=fault]')?.textContent.includes('red-ish')");
    seen(&service, ON_RED, RED);
    assert!(!page.run("return document.documentElement.outerHTML;").to_string().contains("very-secret"));
}

#[test]
fn scenes_are_kept_renamed_put_on_air_and_deleted() {
    let service = start(&[]);
    let page = open(&service);
    let scenes = || service.json("/api/stream/scenes");
    page.click("#tab-scenes");
    page.wait("document.querySelector('#scene-stage .pill')?.checkVisibility()");
    page.click("#keep-scene");
    page.click("#scene-stage-2 [title=Rename]");
    page.write("#new-scene-name", "Evening");
    page.click("dialog .primary");
    page.wait("document.querySelector('#scene-stage-2 strong')?.textContent === 'Evening'");
    assert_eq!(scenes()["scenes"][1]["name"], "Evening");
    // What is done to the scene on air is not done to its copy.
    service.send("PATCH", "/api/stream/layers/red", &json!({ "visible": false })).expect(200);
    page.click("#new-scene");
    page.click("#scene-scene .primary");
    seen(&service, ON_BLUE, BLACK);
    page.wait("document.querySelectorAll('.row').length === 0");
    page.choose("#transition", "cut");
    page.wait("!document.getElementById('transition-duration').checkVisibility()");
    page.click("#scene-stage-2 .primary");
    seen(&service, ON_RED, RED);
    page.wait("document.querySelectorAll('.row').length === 5 && document.title.startsWith('Evening')");
    // In a minute it would be there.
    page.choose("#transition", "fade");
    page.write("#transition-duration", "60");
    page.click("#scene-stage .primary");
    page.wait("document.querySelector('#scene-stage').dataset.active === 'true'");
    let (_, picture) = service.picture();
    assert!(picture.get_pixel(ON_RED.0, ON_RED.1).0[0] > 100, "it fades");
    page.choose("#transition", "cut");
    page.click("#scene-stage-2 .primary");
    seen(&service, ON_RED, RED);
    page.click("#scene-stage .primary");
    seen(&service, ON_RED, BLACK);
    // A deleted scene comes back as it was.
    page.click("#scene-stage-2 [title=Delete]");
    page.wait("!document.getElementById('scene-stage-2')");
    assert_eq!(scenes()["scenes"].as_array().unwrap().len(), 2);
    page.click(".toast:last-child button:not(.bare)");
    page.wait("document.querySelector('#scene-stage-2 strong')?.textContent === 'Evening'");
    assert_eq!(service.json("/api/stream/scenes/stage-2")["layers"].as_array().unwrap().len(), 4);
    assert_eq!(page.faults(), "");
}

#[test]
fn animations_of_the_sound_are_steered() {
    let service = start(&[]);
    let page = open(&service);
    page.click("#tab-sound");
    page.wait("document.querySelector('#track-tone .animations').hidden");
    let fade = |from: f64| json!({ "property": "volume", "from": from, "to": 0, "duration": 1000 });
    let mix = "/api/stream/audio/animations";
    let track = "/api/stream/audio/tracks/tone/animations";
    for (path, of, name) in
        [(mix, "#panel-sound > fieldset > .fields", "the whole mix"), (track, "#track-tone", "tone")]
    {
        service.send("POST", path, &fade(0.5)).expect(201);
        let told = |what: &str, is: &dyn Fn(&Value) -> bool| {
            wait_for(&format!("{name} to be {what}"), PATIENCE, || {
                is(&service.json(path)["animations"][0]).then_some(())
            });
        };
        let pill = |words: &str| page.wait(&format!("document.querySelector('{of} .pill')?.textContent === '{words}'"));
        pill("Playing");
        page.click(&format!("{of} [aria-label='Pause Volume of {name}']"));
        told("paused", &|animation| animation["state"] == "paused");
        pill("Paused");
        let seek = format!("{of} [aria-label='Position of Volume of {name}']");
        page.run(&format!(
            "const seek = document.querySelector(\"{seek}\");\
             seek.value = 600; seek.dispatchEvent(new Event('change', {{ bubbles: true }}));"
        ));
        told("at 600 s", &|animation| animation["position"] == 600.0);
        page.wait(&format!("document.querySelector('{of} .animations output').textContent.startsWith('600 s')"));
        page.choose(&format!("{of} [aria-label='Rate of Volume of {name}']"), "2");
        told("twice as fast", &|animation| animation["rate"] == 2.0);
        page.click(&format!("{of} [aria-label='Play Volume of {name}']"));
        told("playing", &|animation| animation["state"] == "playing" && animation["position"].as_f64() > Some(600.0));
        page.click(&format!("{of} [aria-label='Play backwards Volume of {name}']"));
        told("backwards", &|animation| animation["rate"] == -2.0);
        page.click(&format!("{of} [aria-label='Cancel Volume of {name}']"));
        told("idle", &|animation| animation["state"] == "idle");
        pill("Idle");
        service.send("DELETE", &format!("{path}/0"), &json!(null)).expect(200);
        page.wait(&format!("document.querySelector('{of} .animations').hidden"));
    }
    assert_eq!(page.faults(), "");
}
