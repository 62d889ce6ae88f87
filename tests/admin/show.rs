//! Everything besides layers: transport, motion, sound, outputs, settings, the log.

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
    // Motion: a timeline, and an event that a trigger waits for.
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
    // Sound.
    page.click("#tab-sound");
    page.click("#track-tone [role=switch]");
    wait_for("silence", PATIENCE, || (service.json("/api/stream/audio/tracks/tone")["muted"] == true).then_some(()));
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
    for words in ["Paused", "Off air", "Event fired: whiten", "Settings changed", "Mute tone"] {
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
    seen(&service, ON_RED, RED);
    assert!(!page.run("return document.documentElement.outerHTML;").to_string().contains("very-secret"));
}
