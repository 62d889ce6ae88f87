//! How loud it is, over HTTP, WebSocket and in metrics; what the mixer measures is given here.

use components::{TrackId, audio::LevelReading};
use serde_json::json;

use super::{websocket::Client, *};
use crate::engine::Mixed;

/// A moment of a mix of one track, half of full scale on the left.
fn publish(service: &Service, tick: u64) {
    let ids = Arc::from([TrackId::new("music").unwrap()]);
    let mut reading = LevelReading::silent(0.0, ids);
    (reading.master.peak, reading.master.rms) = ([0.5, 0.0], [0.25, 0.0]);
    (reading.tracks[0].peak, reading.tracks[0].rms) = ([0.1, 0.2], [0.0, 1e-9]);
    let mixed = Mixed { tick, is_paused: false, readings: &mut std::iter::once(reading) };
    service.engine.publish_levels(Some(mixed));
}

#[test]
fn levels_are_told_in_decibels_and_silence_is_the_floor() {
    let service = Service::start();
    let levels = || service.get("/api/stream/audio/levels").expect(200).value();
    let silent = levels();
    assert_eq!((&silent["isMixed"], &silent["floor"], &silent["tracks"]), (&json!(false), &json!(-100.0), &json!([])));
    assert_eq!(silent["master"], json!({ "peak": [-100.0, -100.0], "rms": [-100.0, -100.0] }));
    publish(&service, 7);
    let expected = json!({
        "isMixed": true, "tick": 7, "floor": -100.0,
        "master": { "peak": [-6.02, -100.0], "rms": [-12.04, -100.0] },
        "tracks": [{ "id": "music", "peak": [-20.0, -13.98], "rms": [-100.0, -100.0] }],
    });
    assert_eq!(levels(), expected);
    let metrics = service.get("/metrics").expect(200).text();
    for line in [
        "audio_master_peak_dbfs -6.02",
        "audio_master_rms_dbfs -12.04",
        "audio_track_peak_dbfs{track=\"music\"} -13.98",
        "audio_track_rms_dbfs{track=\"music\"} -100.0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
    service.engine.publish_levels(None);
    assert_eq!(levels()["master"], silent["master"]);
    let metrics = service.get("/metrics").expect(200).text();
    assert!(metrics.contains("audio_master_peak_dbfs -100.0") && !metrics.contains("audio_track_"), "{metrics}");
    service.post("/api/stream/audio/levels").problem(405);
    service.get("/api/stream/audio/levels?track=music").problem(400);
}

#[test]
fn who_subscribes_to_levels_gets_the_newest_some_times_a_second() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut others = Client::connect(service.address).await;
        let mut client = Client::connect_with(service.address, "?topics=").await;
        assert_eq!(client.next().await["type"], "hello");
        publish(&service, 1);
        client.ask(json!({ "type": "subscribe", "topics": ["levels"] })).await;
        let first = client.next().await;
        assert_eq!((&first["type"], &first["tick"]), (&json!("levels"), &json!(1)), "at once");
        assert_eq!((&first["isMixed"], &first["tracks"][0]["peak"]), (&json!(true), &json!([-20.0, -13.98])));
        // A minute of frames within a moment: those in between are left out.
        for tick in 2..=3000 {
            publish(&service, tick);
        }
        let mut told = Vec::new();
        while told.last() != Some(&3000) {
            told.push(client.next_of("levels").await["tick"].as_u64().unwrap());
        }
        assert!(told.is_sorted() && told.len() < 100, "{told:?}");
        service.engine.publish_levels(None);
        loop {
            if client.next_of("levels").await["isMixed"] == false {
                break;
            }
        }
        client.ask(json!({ "type": "subscribe", "topics": [] })).await;
        publish(&service, 4000);
        assert_eq!(client.ask(json!({ "type": "ping" })).await["type"], "pong");
        // Who has not asked for them is not told.
        let mut message = others.ask(json!({ "type": "ping" })).await;
        while message["type"] != "metrics" {
            assert_ne!(message["type"], "levels");
            message = others.next().await;
        }
    });
}
