use super::*;
use crate::engine::{
    EncodeTimes, EncoderState, EncoderStatus, OutputErrorKind, OutputState, OutputStatus, SoundEncoderStatus,
    StreamEvent,
};

fn output(id: &str, state: OutputState) -> OutputStatus {
    OutputStatus {
        state,
        bytes: 1234,
        dropped_frames: 5,
        reconnects: 2,
        queued_frames: 7,
        errors: 3,
        ..OutputStatus::new(id, "rtmp://127.0.0.1/live/***")
    }
}

#[test]
fn the_last_ticks_and_requests_are_told_as_a_trace() {
    let service = Service::start();
    let trace = |service: &Service| service.get("/api/stream/trace").expect(200).value();
    let until = Instant::now() + Duration::from_secs(10);
    while trace(&service)["traceEvents"].as_array().unwrap().len() < 50 {
        assert!(Instant::now() < until);
    }
    service.json("PATCH", "/api/stream/layers/box", &json!({ "opacity": 0.25 })).expect(200);
    service.get("/api/stream/layers/nobody").expect(404);
    service.get("/nowhere/secret").expect(404);
    let told = trace(&service);
    let events = told["traceEvents"].as_array().unwrap();
    let (events, requests): (Vec<_>, Vec<_>) = events.iter().partition(|event| event["cat"] == "tick");
    let ticks: Vec<&Value> = events.iter().copied().filter(|event| event["name"] == "tick").collect();
    let number = |event: &Value, name: &str| event[name].as_f64().unwrap();
    for pair in ticks.windows(2) {
        assert!(number(pair[0], "ts") + number(pair[0], "dur") <= number(pair[1], "ts") + 1.0, "{pair:?}");
    }
    // Stages lie within their tick.
    let mut tick = ticks[0];
    for event in &events {
        assert_eq!(event["ph"], "X");
        if event["name"] == "tick" {
            tick = event;
        }
        let (from, to) = (number(tick, "ts"), number(tick, "ts") + number(tick, "dur"));
        let (began, ended) = (number(event, "ts"), number(event, "ts") + number(event, "dur"));
        assert!(from <= began && ended <= to + 1.0, "{event} in {tick}");
    }
    assert!(events.iter().any(|event| event["name"] == "edit"), "{events:?}");

    // The patterns of routes, and never paths, in which there may be anything. This very request is not answered yet.
    let last: Vec<_> = requests[requests.len() - 3..].iter().map(|event| (&event["name"], &event["args"])).collect();
    let expected =
        [("PATCH", "/api/stream/layers/:id", 200), ("GET", "/api/stream/layers/:id", 404), ("GET", "none", 404)];
    for ((name, arguments), (method, route, status)) in last.iter().zip(expected) {
        assert_eq!(**name, format!("{method} {route}"));
        assert_eq!(**arguments, json!({ "method": method, "route": route, "status": status }));
    }
    let edited = requests[requests.len() - 3];
    assert!(number(edited, "dur") > 0.0 && edited["tid"] != ticks[0]["tid"], "{edited}");
    // It was carried out by a tick, on the same clock.
    let end = number(edited, "ts") + number(edited, "dur");
    assert!(ticks.iter().any(|tick| (number(edited, "ts")..end).contains(&number(tick, "ts"))), "{edited} {ticks:?}");
}

#[test]
fn the_encoder_is_up_while_all_that_is_sent_is_encoded() {
    let service = Service::start();
    let told = |encoders: &[(Option<&str>, EncoderState, f64)]| {
        for (rendition, state, fps) in encoders {
            let rendition = rendition.map(str::to_owned);
            let status = EncoderStatus { rendition, state: *state, fps: *fps, ..EncoderStatus::new("x264enc") };
            service.engine.publish_encoder(status);
        }
        let text = service.get("/metrics").expect(200).text();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (value("encoder_up "), value("encoder_fps "))
    };
    let is = |up: &str, fps: &str| (up.to_owned(), fps.to_owned());
    let (full, small) = (None, Some("360p"));
    assert_eq!(told(&[(full, EncoderState::Idle, 0.0), (small, EncoderState::Idle, 0.0)]), is("0", "0.0"));
    assert_eq!(told(&[(small, EncoderState::Running, 24.5)]), is("1", "24.5"), "nobody sends the stream's own size");
    assert_eq!(told(&[(full, EncoderState::Running, 30.0)]), is("1", "24.5"), "the slower of the two");
    assert_eq!(told(&[(small, EncoderState::Restarting, 3.0)]), is("0", "3.0"));
    // Nor is it while the sound is not, and that says so for itself; where there is none nothing is told of it.
    assert_eq!(told(&[(small, EncoderState::Running, 24.5)]), is("1", "24.5"));
    assert!(!service.get("/metrics").text().contains("audio_encoder_up"));
    for (state, is_silent, up) in [
        (EncoderState::Idle, false, ["1", "0"]),
        (EncoderState::Restarting, false, ["0"; 2]),
        (EncoderState::Running, false, ["1"; 2]),
        (EncoderState::Running, true, ["0"; 2]),
    ] {
        let sound = Some(SoundEncoderStatus { state, is_silent, ..SoundEncoderStatus::default() });
        let status = EncoderStatus { state: EncoderState::Running, sound, ..EncoderStatus::new("x264enc") };
        service.engine.publish_encoder(status);
        let text = service.get("/metrics").text();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!([value("encoder_up "), value("audio_encoder_up ")], up, "{state:?}");
    }
}

#[test]
fn metrics_count_ticks_requests_and_outputs() {
    let service = Service::start();
    service.engine.publish_output(output("rtmp", OutputState::Started));
    let last_error_kind = Some(OutputErrorKind::Refused);
    service.engine.publish_output(OutputStatus { last_error_kind, ..output("camera", OutputState::Failed) });
    let mut times = EncodeTimes::default();
    times.add(Duration::from_millis(5));
    times.add(Duration::from_millis(15));
    service.engine.publish_encoder(EncoderStatus {
        times,
        state: EncoderState::Running,
        fps: 29.5,
        bitrate: 3900.0,
        target_bitrate: 4000,
        queued_frames: 2,
        dropped_frames: 4,
        restarts: 1,
        ..EncoderStatus::new("x264enc")
    });
    service.engine.publish_encoder(EncoderStatus {
        rendition: Some("360p".to_owned()),
        queued_frames: 3,
        dropped_frames: 6,
        restarts: 7,
        ..EncoderStatus::new("x264enc")
    });
    service.get("/api/stream/layers/box").expect(200);
    service.get("/stream/layers/group").expect(200);
    service.get("/nowhere").expect(404);
    // Something is drawn anew.
    service.json("POST", "/api/stream/layers/box/visibility", &json!({ "visible": false })).expect(200);
    let until = Instant::now() + Duration::from_secs(30);
    while service.get("/metrics").text().contains("stream_convert_seconds_count 0\n") {
        assert!(Instant::now() < until, "nothing was drawn");
    }
    let answer = service.get("/metrics").expect(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        "stream_target_fps 60",
        "stream_layers 4",
        "stream_live 0",
        "worker_panics_total{class=\"render\"} 0",
        "worker_tasks_total{class=\"preview\"} 0",
        "worker_busy_seconds_total{class=\"preview\"} 0.0",
        "worker_panics_total{class=\"preview\"} 0",
        "worker_queue{class=\"preview\"} 0",
        "worker_threads{class=\"preview\"} 0",
        "preview_worker_tasks_total{worker=\"0\"} 0",
        "preview_worker_busy_seconds_total{worker=\"0\"} 0.0",
        "websocket_clients 0",
        "muxer_active_outputs 1",
        "muxer_queue_size{output=\"rtmp\"} 7.0",
        "muxer_errors{output=\"rtmp\"} 3",
        "muxer_errors_total{output=\"rtmp\"} 3",
        "output_stalled{output=\"rtmp\"} 0.0",
        "output_turned_away{output=\"rtmp\"} 0.0",
        "output_refused{output=\"camera\"} 1.0",
        "watchdog_stalls_total{part=\"output\"} 0",
        "encoder_up 1",
        "encoder_fps 29.5",
        "encoder_bitrate 3900.0",
        "encoder_target_bitrate 4000",
        "encoder_queue_size 2",
        "encoder_dropped_frames 4",
        "encoder_dropped_frames_total 4",
        "encoder_restarts_total 1",
        "rendition_queue_size{rendition=\"360p\"} 3.0",
        "rendition_dropped_frames_total{rendition=\"360p\"} 6",
        "rendition_restarts_total{rendition=\"360p\"} 7",
        "encoder_seconds_bucket{le=\"0.008\"} 1",
        "encoder_seconds_count 2",
        "encoder_seconds_sum 0.02",
        "output_bytes_total{output=\"rtmp\"} 1234",
        "output_dropped_frames_total{output=\"rtmp\"} 5",
        "output_reconnects_total{output=\"rtmp\"} 2",
        "output_up{output=\"rtmp\"} 1.0",
        "http_requests_total{method=\"GET\",route=\"/api/stream/layers/:id\",status=\"200\"} 2",
        "http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    for start in [
        "stream_frames_total ",
        "stream_shedding_level ",
        "worker_tasks_total{class=\"render\"} ",
        "worker_busy_seconds_total{class=\"render\"} ",
        "render_worker_busy_seconds_total{worker=\"0\"} ",
        "background_worker_tasks_total{worker=\"0\"} ",
        "raster_cache_hits_total ",
        "cache_hits_total{cache=\"images\"} ",
        "cache_misses_total{cache=\"fonts\"} ",
        "cache_hits_total{cache=\"lines\"} ",
        "cache_hits_total{cache=\"glyphs\"} ",
        "cache_misses_total{cache=\"layers\"} ",
        "cache_hits_total{cache=\"effects\"} ",
        "stream_dropped_frames_total ",
        "stream_tick_seconds_bucket{le=\"0.033\"} ",
        "stream_tick_seconds_bucket{le=\"+Inf\"} ",
        "stream_stage_seconds_count{stage=\"edit\"} ",
        "stream_damage_ratio ",
        "stream_system_seconds_total{system=\"run_timelines\"} ",
        "stream_system_seconds_total{system=\"draw_frame\"} ",
        "stream_convert_seconds_bucket{le=\"0.001\"} ",
        "layer_draw_seconds_total{type=\"overlay\"} ",
        "content_draw_seconds_total{content=\"text\"} ",
        "http_request_seconds_count{route=\"/api/stream/layers/:id\"} 2",
    ] {
        assert!(text.lines().any(|found| found.starts_with(start)), "{start} is missing in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    // The scene has been drawn: what the layers are, and what they show, are two views of the same pictures.
    let total = |name: &str| -> f64 {
        let lines = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    let (pictures, spent) = (total("layer_pictures_total"), total("layer_draw_seconds_total"));
    assert!(pictures >= 1.0 && spent > 0.0 && spent < 60.0, "{pictures} in {spent} s");
    assert_eq!(total("content_pictures_total"), pictures);
    assert!(value("stream_convert_seconds_count") >= 1.0 && value("stream_convert_seconds_sum") > 0.0);
    // Systems are parts of ticks.
    let (systems, all) = (total("stream_system_seconds_total"), value("stream_tick_seconds_sum"));
    assert!(systems > 0.0 && systems <= all, "systems took {systems} s, ticks {all} s");
    let ticks = value("stream_tick_seconds_count");
    assert!(ticks > 0.0 && value("stream_tick_seconds_bucket{le=\"+Inf\"}") == ticks);
}

#[test]
fn whoever_listens_is_told_when_something_else_is_wrong_with_an_output() {
    let service = Service::start();
    let mut events = service.engine.events();
    let last_error = |text: &str| Some(text.to_owned());
    for (text, errors) in [("closed", 1), ("closed", 2), ("closed; it does so each time", 3)] {
        let off_air = output("rtmp", OutputState::Reconnecting);
        service.engine.publish_output(OutputStatus { last_error: last_error(text), errors, ..off_air });
    }
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let StreamEvent::Output { output } = event {
            told.push(output.errors);
        }
    }
    assert_eq!(told, [1, 3]);
}

#[test]
fn readiness_names_its_reasons() {
    let service = Service::start();
    assert_eq!(service.get("/health/live").expect(200).value()["status"], "alive");
    wait_for("readiness", || service.get("/health/ready").status == 200);

    assert_eq!(service.get("/health/ready").expect(200).value()["status"], "ready");
    service.post("/stream/start").expect(200);
    let degraded = service.get("/health/ready").expect(200).value();
    assert_eq!((&degraded["status"], &degraded["reasons"][0]["part"]), (&json!("degraded"), &json!("outputs")));
    assert!(degraded["reasons"][0]["reason"].as_str().unwrap().contains("there is no output"), "{degraded}");
    service.post("/stream/stop").expect(200);
    service.engine.publish_output(output("rtmp", OutputState::Failed));
    service.get("/health/ready").expect(200);
    service.post("/stream/start").expect(200);
    let unready = service.get("/health/ready").expect(503).value();
    assert_eq!(unready["reasons"][0]["part"], "outputs");
    assert!(unready["reasons"][0]["reason"].as_str().unwrap().contains("`rtmp`"), "{unready}");
    service.engine.publish_output(output("file", OutputState::Started));
    let degraded = service.get("/health/ready").expect(200).value();
    assert_eq!(degraded["status"], "degraded", "{degraded}");
    assert_eq!(degraded["reasons"][0]["part"], "outputs");
    assert!(degraded["reasons"][0]["reason"].as_str().unwrap().contains("`rtmp` has failed"), "{degraded}");
    service.engine.publish_output(output("rtmp", OutputState::Reconnecting));
    assert_eq!(service.get("/health/ready").expect(200).value()["status"], "ready");
    // Before it counts as lost, what the watchdog tells of is no secret.
    let beat = Instant::now().checked_sub(Duration::from_secs(3)).unwrap();
    let (restarting, running) = (EncoderState::Restarting, EncoderState::Running);
    for (state, is_silent, words) in [
        (restarting, false, "the encoder of the sound is started again: worn"),
        (restarting, true, "silence is sent"),
        (running, true, "too slow"),
    ] {
        let last_error = Some("worn out".to_owned());
        let sound = Some(SoundEncoderStatus { state, is_silent, last_error });
        service.engine.publish_encoder(EncoderStatus { sound, ..EncoderStatus::new("x264enc") });
        let degraded = service.get("/health/ready").expect(200).value();
        assert_eq!((&degraded["status"], &degraded["reasons"][0]["part"]), (&json!("degraded"), &json!("encoder")));
        let reason = degraded["reasons"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(words) && reason.contains("worn out"), "{degraded}");
    }
    service.engine.publish_encoder(EncoderStatus { beat, ..EncoderStatus::new("x264enc") });
    let degraded = service.get("/health/ready").expect(200).value();
    assert_eq!((&degraded["status"], &degraded["reasons"][0]["part"]), (&json!("degraded"), &json!("encoder")));
    assert!(degraded["reasons"][0]["reason"].as_str().unwrap().contains("has taken no frame for 3"), "{degraded}");
    service.engine.publish_encoder(EncoderStatus::new("x264enc"));
    let tries_since = Instant::now().checked_sub(Duration::from_secs(40));
    service.engine.publish_output(OutputStatus { tries_since, ..output("rtmp", OutputState::Reconnecting) });
    let degraded = service.get("/health/ready").expect(200).value();
    assert!(
        degraded["reasons"][0]["reason"].as_str().unwrap().contains("`rtmp` has been off air for 40 s"),
        "{degraded}"
    );
    let last_error_kind = Some(OutputErrorKind::TurnedAway);
    let turned_away = output("rtmp", OutputState::Reconnecting);
    service.engine.publish_output(OutputStatus { tries_since, last_error_kind, ..turned_away });
    let degraded = service.get("/health/ready").expect(200).value();
    let reason = degraded["reasons"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("for 40 s, since its server closes the connection as soon as the stream begins"),
        "{reason}"
    );

    service.engine.shutdown();
    wait_for("the engine's end to be noticed", || service.get("/health/ready").status == 503);
    service.get("/health/live").expect(200);
    service.get("/stream/layers").problem(503);
}

#[test]
fn metrics_and_health_have_ports_of_their_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Taken and given back, so that the ports are known; nothing else here takes ports by number.
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (metrics, health, websocket) = (free(), free(), free());
    let settings =
        ControlSettings { metrics: Some(metrics), health: Some(health), websocket: Some(websocket), ..settings() };
    let mut service = Service::start_with(settings.clone());
    let taken = runtime.block_on(Listeners::bind(&settings)).unwrap_err();
    let told: Vec<_> = taken.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, variable, address) in
        [(&told[0], "WS_PORT", websocket), (&told[1], "METRICS_PORT", metrics), (&told[2], "HEALTH_PORT", health)]
    {
        assert!(line.contains(variable) && line.contains(&address.to_string()), "{line}");
    }
    let main = service.address;
    service.address = metrics;
    assert!(service.get("/metrics").expect(200).text().contains("stream_fps"));
    service.get("/stream/status").problem(404);
    service.address = health;
    service.get("/health/live").expect(200);
    service.get("/metrics").problem(404);
    service.address = websocket;
    service.get("/").problem(426);
    service.address = main;
}
