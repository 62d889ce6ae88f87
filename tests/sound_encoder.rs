//! Whatever becomes of the encoder of the sound, pictures go on, and nothing of the sound is missing that any encoder could make.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;
#[path = "support/test_card.rs"]
mod test_card;
#[path = "support/viewer.rs"]
mod viewer;

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ffprobe::probe;
use gstreamer::prelude::*;
use process::wait_for;
use program::Show;
use rtmp_server::RtmpServer;
use scenes::card;
use serde_json::json;
use service::{PATIENCE, Service};
use stream_manager::{
    engine::{EncoderState, OutputState, OutputStatus, StreamEvent, StreamFormat},
    output::{AudioCodec, AudioSettings, EncoderFault, EncoderSettings, Hwaccel, ReconnectPolicy, doctor},
};
use test_card::test_card;
use viewer::{assert_plays, assert_sound_without_a_gap, longest_gap, packets, times};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(30);

fn settings() -> EncoderSettings {
    EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() }
}

/// That an output has dropped nothing, and that its recording has neither a hole in the pictures nor more than so many
/// seconds without sound.
fn assert_nothing_missing(show: &Show, id: &str, path: &Path, most: f64, fault: &str) {
    let told = show.told(id);
    let is_well = |status: &OutputStatus| status.errors == 0 && status.dropped_frames == 0;
    assert!(told.iter().all(is_well), "{fault}: {told:?}");
    let probed = probe(path.to_str().unwrap(), &["-show_packets", "-select_streams", "a"]).unwrap();
    let packets = probed["packets"].as_array().unwrap();
    let heard = packets.iter().map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap());
    let heard: Vec<f64> = heard.collect();
    assert!(heard.is_sorted(), "{fault}: {id}");
    assert!(longest_gap(&heard) < most, "{fault}: {} s without sound in {id}", longest_gap(&heard));
    let gap = longest_gap(&times(path));
    assert!(gap < 0.1, "{fault}: {gap} s without a frame in {id}");
}

/// That a decoder has nothing to say against a file.
fn assert_decodes(path: &Path) {
    let decoded = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(["-f", "null", "-"]).output();
    let said = String::from_utf8_lossy(&decoded.expect("ffmpeg is installed").stderr).into_owned();
    assert!(said.is_empty(), "{}: {said}", path.display());
}

/// How often it was told that something is wrong with the sound.
fn complaints(show: &Show) -> usize {
    let is_one = |event: &&StreamEvent| matches!(event, StreamEvent::Error { message } if message.contains("sound"));
    show.events.lock().unwrap().iter().filter(is_one).count()
}

/// Nothing of it is missed either: what the one that failed still had to give out comes out of the next.
#[test]
fn a_broken_encoder_of_the_sound_is_started_again_and_nothing_is_missing() {
    for fault in [EncoderFault::Stalls, EncoderFault::Swallows, EncoderFault::Fails] {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["show.mkv", "show.flv"].map(|name| folder.path().join(name));
        let outputs = ["mkv", "flv"].into_iter().zip(paths.iter().map(|path| path.to_str().unwrap().parse().unwrap()));
        let mut show = Show::start(FORMAT, settings(), &outputs.collect::<Vec<_>>());
        show.wait_for_state("mkv", OutputState::Started);
        show.wait_for_frames(60);
        show.break_sound_encoder(fault);
        wait_for("another encoder", LONG, || (show.encoder()?.restarts == 1).then_some(()));
        show.wait_for_frames(60);
        assert!(show.shutdown());
        let encoder = show.encoder().unwrap();
        assert_eq!(encoder.restarts, 1, "{fault:?}: {encoder:?}");
        assert!(encoder.last_error.as_ref().is_some_and(|error| error.contains("sound")), "{fault:?}: {encoder:?}");
        let errors = show.events.lock().unwrap();
        let is_told =
            |event: &StreamEvent| matches!(event, StreamEvent::Error { message } if message.contains("sound"));
        assert!(errors.iter().any(is_told), "{fault:?}: {errors:?}");
        for (id, path) in ["mkv", "flv"].into_iter().zip(&paths) {
            assert_nothing_missing(&show, id, path, 0.05, &format!("{fault:?}"));
        }
    }
}

/// The machine may be overloaded, and another encoder would be no faster. Neither does it come out later and later.
#[test]
fn an_encoder_of_the_sound_that_is_too_slow_stays_and_what_it_does_not_make_in_time_is_silent() {
    for (codec, names) in
        [(AudioCodec::Aac, &["show.mkv", "show.flv", "show.mp4"][..]), (AudioCodec::Opus, &["show.mkv"])]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let outputs = names.iter().map(|name| (*name, path(name).to_str().unwrap().parse().unwrap()));
        let settings = EncoderSettings { audio: Some(AudioSettings { codec, ..Default::default() }), ..settings() };
        let mut show = Show::start(FORMAT, settings, &outputs.collect::<Vec<_>>());
        names.iter().for_each(|name| drop(show.wait_for_state(name, OutputState::Started)));
        show.wait_for_frames(30);
        show.break_sound_encoder(EncoderFault::Slows);
        wait_for("silence in place of some sound", LONG, || show.encoder()?.sound?.is_silent.then_some(()));
        // Long enough for it to be passed by more than once.
        show.wait_for_frames(150);
        let encoder = show.encoder().unwrap();
        let sound = encoder.sound.clone().unwrap();
        assert!(sound.is_silent && sound.state == EncoderState::Running, "{codec:?}: {sound:?}");
        assert_eq!(encoder.restarts, 0, "{codec:?}: {encoder:?}");
        let told = show.events.lock().unwrap().clone();
        let is_late = |event: &StreamEvent| match event {
            StreamEvent::Error { message } => message.contains("s late; silence is sent in place of some of it"),
            _ => false,
        };
        assert!(told.iter().any(is_late) && complaints(&show) == 1, "{codec:?}: {told:?}");
        assert!(show.shutdown());
        for name in names {
            assert_nothing_missing(&show, name, &path(name), 0.035, &format!("{codec:?}"));
            assert_decodes(&path(name));
        }
    }
}

/// With a queue that would be full of frames without sound before there is silence.
#[test]
fn pictures_go_on_with_silence_while_no_encoder_of_the_sound_works() {
    for fault in [EncoderFault::Swallows, EncoderFault::Fails] {
        let folder = tempfile::tempdir().unwrap();
        let names = ["show.mkv", "show.flv", "show.mp4"];
        let paths = names.map(|name| folder.path().join(name));
        let outputs = names.into_iter().zip(paths.iter().map(|path| path.to_str().unwrap().parse().unwrap()));
        let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
        let policy = ReconnectPolicy { queue_frames: 15, ..ReconnectPolicy::default() };
        let mut show = Show::start_with(FORMAT, settings(), &outputs.collect::<Vec<_>>(), policy, cards);
        names.iter().for_each(|name| drop(show.wait_for_state(name, OutputState::Started)));
        show.wait_for_frames(60);
        show.keep_breaking_sound_encoders(Some(fault));
        wait_for("silence", LONG, || show.encoder()?.sound?.is_silent.then_some(()));
        // They arrive meanwhile.
        let frames = || paths.each_ref().map(|path| times(path).len());
        let before = frames();
        wait_for("pictures", LONG, || {
            frames().iter().zip(&before).all(|(now, before)| *now > before + 45).then_some(())
        });
        show.keep_breaking_sound_encoders(None);
        wait_for("an encoder that works", LONG, || (!show.encoder()?.sound?.is_silent).then_some(()));
        show.wait_for_frames(60);
        assert!(show.shutdown());
        for (name, path) in names.into_iter().zip(&paths) {
            assert_nothing_missing(&show, name, path, 0.06, &format!("{fault:?}"));
        }
    }
}

/// Viewers wait for no sound that never comes, and whoever looks is told what is wrong.
#[test]
fn where_no_encoder_of_the_sound_works_from_the_start_pictures_go_out_with_silence() {
    let is_over: &AtomicBool = Box::leak(Box::default());
    let files = ["show.mkv", "show.flv", "show.mp4"];
    for (codec, fault, files) in [
        (AudioCodec::Aac, EncoderFault::Fails, &files[..]),
        (AudioCodec::Aac, EncoderFault::HangsUntil(is_over), &files[..]),
        (AudioCodec::Opus, EncoderFault::Swallows, &files[..1]),
    ] {
        is_over.store(false, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let names = files.iter().copied().chain((codec == AudioCodec::Aac).then_some("index.m3u8"));
        let outputs = names.map(|name| (name, path(name).to_str().unwrap().parse().unwrap()));
        let settings = EncoderSettings { audio: Some(AudioSettings { codec, ..Default::default() }), ..settings() };
        let mut show = Show::start_without_sound(FORMAT, settings, &outputs.collect::<Vec<_>>(), fault);
        files.iter().for_each(|name| drop(show.wait_for_state(name, OutputState::Started)));
        wait_for("pictures", LONG, || files.iter().all(|name| times(&path(name)).len() > 60).then_some(()));
        let sound = show.encoder().unwrap().sound.unwrap();
        assert!(sound.is_silent && sound.state == EncoderState::Restarting, "{fault:?}: {sound:?}");
        let why = sound.last_error.unwrap();
        assert!(why.contains("the encoder"), "{fault:?}: {why}");
        wait_for("the next one to come to nothing", LONG, || (show.encoder()?.restarts >= 2).then_some(()));
        // One that gives something before it fails has ended the silence.
        let most = if matches!(fault, EncoderFault::Fails) { usize::MAX } else { 1 };
        assert!((1..=most).contains(&complaints(&show)), "{fault:?}: {:?}", show.events.lock().unwrap());
        show.keep_breaking_sound_encoders(None);
        is_over.store(true, Ordering::Relaxed);
        wait_for("an encoder that works", LONG, || {
            (show.encoder()?.sound?.state == EncoderState::Running).then_some(())
        });
        show.wait_for_frames(60);
        assert!(show.shutdown());
        for name in files {
            assert_nothing_missing(&show, name, &path(name), 0.06, &format!("{codec:?}, {fault:?}"));
            assert_decodes(&path(name));
            for track in ["v", "a"] {
                let begins = packets(&path(name), track)[0].time;
                assert!(begins < 0.1, "{codec:?}, {fault:?}: {name} begins with {track} at {begins} s");
            }
        }
        if codec == AudioCodec::Aac {
            assert!(times(&path("index.m3u8")).len() > 60);
            assert_decodes(&path("index.m3u8"));
        }
    }
}

/// It counts on from there: all that follows is heard too soon by as much.
#[test]
fn an_encoder_of_the_sound_that_loses_some_of_it_without_a_word_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mkv");
    let mut show = Show::start(FORMAT, settings(), &[("file", path.to_str().unwrap().parse().unwrap())]);
    show.wait_for_state("file", OutputState::Started);
    show.wait_for_frames(45);
    show.break_sound_encoder(EncoderFault::Skips);
    let encoder = wait_for("another encoder", LONG, || show.encoder().filter(|encoder| encoder.restarts > 0));
    let why = encoder.sound.unwrap().last_error.unwrap();
    assert!(why.contains("comes late all the time"), "{why}");
    show.wait_for_frames(60);
    assert_eq!(show.encoder().unwrap().restarts, 1);
    assert!(show.shutdown());
    assert_nothing_missing(&show, "file", &path, 0.05, "some of it was lost");
}

/// As when a package is missing.
#[test]
fn a_service_without_an_encoder_for_the_sound_sends_pictures_with_silence_and_says_so() {
    let server = RtmpServer::start();
    let url = server.url("key");
    // What outputs use but for that of libav, and a registry of it alone.
    let folder = tempfile::tempdir().unwrap();
    for element in doctor().into_iter().filter(|check| check.present && check.package != "gstreamer1.0-libav") {
        let plugin = gstreamer::ElementFactory::find(element.element).unwrap().plugin().unwrap();
        let file = plugin.filename().unwrap();
        // One plugin has many elements.
        let _ = std::os::unix::fs::symlink(&file, folder.path().join(file.file_name().unwrap()));
    }
    let registry = folder.path().join("registry.bin");
    let variables = [
        ("GST_PLUGIN_SYSTEM_PATH_1_0", folder.path().to_str().unwrap()),
        ("GST_REGISTRY", registry.to_str().unwrap()),
        ("SCENE", "card.jsonc"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_URL", &url),
        ("MUXER_OUTPUTS", "show.mp4"),
    ];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    let outputs = service.json("/api/stream/outputs");
    let ids: Vec<&str> = outputs["outputs"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.len() >= 2, "{outputs}");
    for id in &ids {
        let output = service.wait_for_output(id, "started");
        assert_eq!((&output["errors"], &output["droppedFrames"]), (&json!(0), &json!(0)), "{output}");
    }
    assert_plays(&server, "key", (320, 180));
    let health = wait_for("the fault to be told", PATIENCE, || {
        let health = service.get("/health/ready").expect(200).json();
        (health["status"] == "degraded").then_some(health)
    });
    let reason = &health["reasons"][0];
    assert_eq!(reason["part"], "encoder", "{health}");
    let why = "no sound comes out of its encoder, and silence is sent in its place: the GStreamer element `avenc_aac` is missing; \
               install the package `gstreamer1.0-libav`";
    assert_eq!(reason["reason"], why, "{health}");
    let sound = &service.status()["encoder"]["sound"];
    assert_eq!((&sound["state"], &sound["isSilent"]), (&json!("restarting"), &json!(true)), "{sound}");
    let metrics = service.get("/metrics").text();
    for line in ["encoder_up 0", "audio_encoder_up 0"] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in {metrics}");
    }
    service.wait_for_frames(60);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    let file = service.folder.path().join("show.mp4");
    assert_sound_without_a_gap(&file);
    assert_decodes(&file);
    assert!(times(&file).len() > 60);
    assert!(sound::rms(&sound::listen(&file)) < 1e-6);
}
