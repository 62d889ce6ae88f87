//! Without a platform to stream to, the stream can be watched at `/live/`: in a browser and in players.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/page.rs"]
mod page;
#[path = "support/process.rs"]
mod process;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;

use ffprobe::{decode, probe, psnr, stream};
use page::Page;
use process::wait_for;
use scenes::{PATCHES, assert_patches, card};
use serde_json::{Value, json};
use service::{PATIENCE, Service};

fn start() -> Service {
    let variables = [("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "640x360")];
    Service::start(&variables, &[("card.jsonc", &card())])
}

/// The picture that the page shows, at the middle of each patch.
fn patches_in(page: &Page) -> Value {
    page.run(
        "const canvas = document.createElement('canvas'); canvas.width = 640; canvas.height = 360;\
         const context = canvas.getContext('2d'); context.drawImage(document.querySelector('video'), 0, 0);\
         return [0, 1, 2, 3, 4, 5, 6, 7].map((patch) => [...context.getImageData(40 + patch * 80, 40, 1, 1).data]);",
    )
}

#[test]
fn the_stream_plays_in_a_browser_and_shows_edits() {
    let service = start();
    let page = Page::open(&service.url("/"));
    // The front page leads there.
    wait_for("a link to the live picture", PATIENCE, || {
        let link = page.run("return document.querySelector('a[href^=\"/live\"]')?.href ?? null;");
        (link == service.url("/live/")).then_some(())
    });
    page.go(&service.url("/live/"));
    let video = |what: &str| page.run(&format!("return document.querySelector('video').{what};"));
    let time = || video("currentTime").as_f64().unwrap_or_default();
    wait_for("the picture to move", PATIENCE, || (time() > 0.5).then_some(()));
    assert_eq!((video("videoWidth"), video("videoHeight")), (json!(640), json!(360)));
    let before = time();
    wait_for("it to go on", PATIENCE, || (time() > before + 1.0).then_some(()));
    let shown = patches_in(&page);
    for (patch, expected) in PATCHES.iter().enumerate() {
        for (channel, expected) in expected.iter().enumerate() {
            let found = shown[patch][channel].as_i64().unwrap();
            assert!((found - i64::from(*expected)).abs() < 16, "patch {patch}: {shown}");
        }
    }

    let blue = json!({ "content": { "color": "#0000ff" } });
    service.send("PATCH", "/api/stream/layers/patch-0", &blue).expect(200);
    wait_for("the edit to be seen", PATIENCE, || {
        let patch = &patches_in(&page)[0];
        (patch[0].as_i64()? < 16 && patch[2].as_i64()? > 239).then_some(())
    });
    assert_eq!(service.output("live")["droppedFrames"], 0);
}

#[test]
fn players_read_the_playlist() {
    let service = start();
    service.wait_for_output("live", "started");
    let url = service.url("/live/index.m3u8");
    let playlist = wait_for("a playlist with segments", PATIENCE, || {
        let answer = service.get("/live/index.m3u8");
        (answer.status == 200 && answer.text().contains("#EXTINF")).then_some(answer)
    });
    assert_eq!(playlist.media_type, "application/vnd.apple.mpegurl");
    let probed = probe(&url, &[]).unwrap();
    let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
    assert_eq!((&video["codec_name"], &audio["codec_name"]), (&"h264".into(), &"aac".into()));
    assert_eq!((&video["width"], &video["height"]), (&640.into(), &360.into()));
    assert_eq!(video["r_frame_rate"], "30/1");

    let size = 640 * 360 * 3;
    let seen = decode(&url, "rgb24", &["-frames:v", "45"]);
    assert_eq!(seen.len(), 45 * size);
    let seen = image::RgbImage::from_raw(640, 360, seen[44 * size..].to_vec()).unwrap();
    let (_, drawn) = service.picture();
    let alike = psnr(&seen, &drawn);
    assert!(alike > 38.0, "{alike:.1} dB");
    assert_patches(&seen, &PATCHES, 4);
    for (path, words) in [("/live/segment-9999.m4s", "no file"), ("/live/../Cargo.toml", "")] {
        let answer = service.get(path).expect(404);
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}
