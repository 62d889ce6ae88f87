//! A disk that takes nothing any more costs its own recording only, whether it says so or not.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use ffprobe::probe;
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service};

const FPS: f64 = 30.0;

/// When the frames of a file are shown.
fn times(path: &Path) -> Vec<f64> {
    let probed = probe(path.to_str().unwrap(), &["-show_packets", "-select_streams", "v"]).unwrap();
    let mut times: Vec<f64> = probed["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// A file system that stands still until this is dropped.
struct Frozen(PathBuf);

impl Frozen {
    fn new(path: PathBuf) -> Self {
        assert!(Command::new("fsfreeze").arg("--freeze").arg(&path).status().unwrap().success());
        Self(path)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("--unfreeze").arg(&self.0).status();
    }
}

/// A service that sends to these outputs, with a disk of its own of so many MiB at `disk`; `None` where there can be none.
fn with_disk(mebibytes: u64, outputs: &str) -> Option<Service> {
    if !Command::new("losetup").arg("--find").output().is_ok_and(|found| found.status.success()) {
        eprintln!("left out: a disk of one's own needs root and loop devices");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    File::create(&image).unwrap().set_len(mebibytes << 20).unwrap();
    assert!(Command::new("mkfs.ext4").arg("-q").arg(&image).status().unwrap().success());
    let variables = [("STREAM_RESOLUTION", "320x180"), ("MUXER_OUTPUTS", outputs)];
    Some(Service::start_with_disk(folder, "image", &variables))
}

#[test]
fn a_recording_on_a_full_disk_begins_when_there_is_room() {
    let Some(service) = with_disk(8, "beside.mkv") else { return };
    service.wait_for_output("output-1", "started");
    let rest = service.inside("disk/rest");
    let mut file = File::create(&rest).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    drop(file);
    let recording = json!({ "id": "recording", "url": "disk/shows/today/show.mkv", "retry": { "delay": 0.2 } });
    service.send("POST", "/api/stream/outputs", &recording).expect(201);
    let told = wait_for("two attempts", PATIENCE, || {
        Some(service.output("recording")).filter(|told| told["errors"].as_u64() > Some(1))
    });
    assert_eq!(told["state"], "reconnecting", "{told}");
    assert!(told["lastError"].as_str().unwrap().contains("free some space"), "{told}");
    std::fs::remove_file(&rest).unwrap();
    service.wait_for_output("recording", "started");
    service.wait_for_frames(60);
    service.send("POST", "/api/stream/outputs/recording/stop", &Value::Null).expect(200);
    let told = service.wait_for_output("recording", "stopped");
    let name = told["url"].as_str().unwrap();
    let shown = times(&service.inside(name));
    assert!(shown.len() > 50, "{name} has {} frames", shown.len());
    assert_eq!(service.output("output-1")["droppedFrames"], 0);
}

#[test]
fn a_disk_that_stands_still_stalls_its_own_recording_only() {
    let Some(service) = with_disk(64, "disk/show.mkv,beside.mkv") else { return };
    for id in ["output-1", "output-2"] {
        service.wait_for_output(id, "started");
    }
    let pictures = json!({ "id": "pictures", "url": "disk/x.jpg", "thumbnails": { "seconds": 1 } });
    service.send("POST", "/api/stream/outputs", &pictures).expect(201);
    service.wait_for_output("pictures", "started");
    service.wait_for_frames(60);

    let frozen = Frozen::new(service.inside("disk"));
    wait_for("the stall to be noticed", PATIENCE, || (service.output("output-1")["stalled"] == true).then_some(()));
    for id in ["output-1", "pictures"] {
        wait_for("it to be given up", PATIENCE, || (service.output(id)["state"] == "reconnecting").then_some(()));
        let told = service.output(id);
        assert!(told["lastError"].as_str().unwrap().contains("the disk takes nothing"), "{told}");
    }
    service.wait_for_frames(60);
    drop(frozen);
    for id in ["output-1", "pictures"] {
        service.wait_for_output(id, "started");
    }
    let told = service.output("output-1");
    assert!(told["url"].as_str().unwrap().ends_with("disk/show-2.mkv"), "{told}");
    service.wait_for_frames(60);
    for id in ["output-1", "output-2"] {
        service.send("POST", &format!("/api/stream/outputs/{id}/stop"), &Value::Null).expect(200);
        service.wait_for_output(id, "stopped");
    }
    assert_eq!(service.output("output-2")["droppedFrames"], 0);

    let beside = times(&service.folder.path().join("beside.mkv"));
    let longest = beside.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest < 1.6 / FPS, "{longest} s between two frames of the other recording");
    for name in ["disk/show.mkv", "disk/show-2.mkv"] {
        let shown = times(&service.inside(name));
        assert!(shown.len() > 50, "{name} has {} frames", shown.len());
    }
}
