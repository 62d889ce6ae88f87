//! The live stream plays in a browser and in other players.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/page.rs"]
mod page;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "support/test_card.rs"]
mod test_card;

use std::{fs, sync::Arc, time::Duration};

use ffprobe::{decode, probe, psnr, stream};
use page::Page;
use process::wait_for;
use program::Show;
use stream_manager::{
    engine::{OutputState, StreamFormat, Transport},
    output::{Destination, EncoderSettings, Hwaccel, live::LiveStore},
};
use test_card::{packed, test_card};
use warp::{Filter, http::Response};

const FORMAT: StreamFormat = StreamFormat { width: 640, height: 360, fps: 30 };
const LONG: Duration = Duration::from_secs(20);

fn settings() -> EncoderSettings {
    EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() }
}

/// Serves the store's files below `/live/`. Returns the address of that.
fn serve(runtime: &tokio::runtime::Runtime, store: Arc<LiveStore>) -> String {
    let files = warp::path("live").and(warp::path::tail()).map(move |tail: warp::path::Tail| {
        match store.get(tail.as_str()) {
            Some(file) => Response::builder().header("content-type", file.content_type).body(file.bytes),
            None => Response::builder().status(404).body(bytes::Bytes::new()),
        }
        .unwrap()
    });
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(warp::serve(files).incoming(listener).run());
    format!("http://{address}/live/")
}

#[test]
fn the_page_plays_near_the_live_edge_and_goes_on_after_a_stop() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = Arc::new(LiveStore::new());
    let base = serve(&runtime, Arc::clone(&store));
    // Opened before there is anything to play.
    let page = Page::open(&base);
    let show = Show::start(FORMAT, settings(), &[("live", Destination::Live { store: Arc::clone(&store) })]);
    let video = |what: &str| page.run(&format!("return document.getElementById('video').{what};"));
    let time = || video("currentTime").as_f64().unwrap_or(0.0);
    let plays_from = |from: f64| {
        wait_for("the picture to move", LONG, || (time() > from + 0.5 && video("videoWidth") == 640).then_some(()));
    };
    plays_from(0.0);
    assert_eq!(video("videoHeight"), 360);
    assert_eq!(video("muted"), true);
    wait_for("nothing to lie over the picture", LONG, || {
        (page.run("return document.getElementById('message').textContent;") == "").then_some(())
    });
    // The picture is the one that was sent: the white patch is white, and the red one red.
    let pixels = page.run(
        "const canvas = document.createElement('canvas'); canvas.width = 640; canvas.height = 360;\
         const context = canvas.getContext('2d'); context.drawImage(document.getElementById('video'), 0, 0);\
         return [1, 2].map((patch) => [...context.getImageData(40 + patch * 80, 60, 1, 1).data]);",
    );
    for (patch, expected) in [(0, [255, 255, 255]), (1, [255, 0, 0])] {
        for channel in 0..3 {
            let value = pixels[patch][channel].as_i64().unwrap();
            assert!((value - expected[channel]).abs() < 12, "{pixels}");
        }
    }

    show.transport.send_replace(Transport::Stopped);
    show.wait_for_state("live", OutputState::Stopped);
    show.transport.send_replace(Transport::Live);
    let before = time();
    show.wait_for_state("live", OutputState::Started);
    plays_from(before + 2.0);
    let edge = video("buffered.end(document.getElementById('video').buffered.length - 1)").as_f64().unwrap();
    assert!(edge - time() < 12.0, "{} s behind", edge - time());
}

#[test]
fn other_players_take_the_playlist_and_see_every_frame_in_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = Arc::new(LiveStore::new());
    let base = serve(&runtime, Arc::clone(&store));
    let _show = Show::start(FORMAT, settings(), &[("live", Destination::Live { store: Arc::clone(&store) })]);
    wait_for("three segments", LONG, || (store.published() >= 3).then_some(()));
    let url = format!("{base}index.m3u8");
    let probed = probe(&url, &[]).unwrap();
    let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
    assert_eq!((&video["codec_name"], &audio["codec_name"]), (&"h264".into(), &"aac".into()));
    assert_eq!((&video["width"], &video["height"]), (&640.into(), &360.into()));
    assert_eq!(video["r_frame_rate"], "30/1");
    assert_eq!(video["color_space"], "bt709");

    let seen = decode(&url, "yuv420p", &["-frames:v", "75"]);
    let frames: Vec<_> = seen.chunks_exact(FORMAT.width * FORMAT.height * 3 / 2).collect();
    assert_eq!(frames.len(), 75);
    let cards: Vec<_> = (0..30).map(|number| packed(&test_card(FORMAT.width, FORMAT.height, number))).collect();
    let mut before = None;
    for frame in frames {
        let scores = cards.iter().map(|card| psnr(frame, card)).enumerate();
        let (number, psnr) = scores.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!(psnr > 35.0, "{psnr:.1} dB");
        assert!(before.is_none_or(|before| number == (before + 1) % 30), "{number} follows {before:?}");
        before = Some(number);
    }
}

#[test]
fn a_folder_holds_what_its_playlist_names() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("hls");
    fs::create_dir(&folder).unwrap();
    // As the marker of an earlier stream lists it.
    let left = folder.join("segment-7.m4s");
    fs::write(&left, "of an earlier stream").unwrap();
    let about = fs::metadata(&left).unwrap();
    let time = about.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    fs::write(folder.join(".stream-manager-hls"), format!("segment-7.m4s {} {time}\n", about.len())).unwrap();
    fs::write(folder.join("notes.txt"), "not ours").unwrap();
    let mut show = Show::start(FORMAT, settings(), &[("hls", Destination::Hls { folder: folder.clone() })]);
    show.wait_for_state("hls", OutputState::Started);
    let playlist = folder.join("index.m3u8");
    // Names go on from there: caches may have what has them.
    let text = wait_for("three segments", LONG, || {
        let text = fs::read_to_string(&playlist).ok()?;
        text.contains("segment-10.m4s").then_some(text)
    });
    for name in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(folder.join(name).exists(), "{name}");
    }
    assert!(!folder.join("segment-7.m4s").exists() && folder.join("notes.txt").exists());
    assert!(show.shutdown());
    assert!(fs::read_to_string(&playlist).unwrap().ends_with("#EXT-X-ENDLIST\n"));
    let probed = probe(playlist.to_str().unwrap(), &[]).unwrap();
    assert_eq!(stream(&probed, "video")["codec_name"], "h264");
}
