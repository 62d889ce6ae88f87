//! Whether anybody reads the log or not, and whether it can be written: the stream goes on, and ends in order.

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
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/service.rs"]
mod service;

use std::{
    fs::OpenOptions,
    io::{PipeReader, PipeWriter, Read as _, Write as _, pipe},
    os::fd::AsRawFd as _,
    process::Stdio,
    sync::{Arc, Mutex},
};

use ffprobe::probe;
use process::wait_for;
use rtmp_server::RtmpServer;
use service::{PATIENCE, Service};

const SMALL: (&str, &str) = ("STREAM_RESOLUTION", "320x180");
const FAST: (&str, &str) = ("FFMPEG_PRESET", "ultrafast");

/// What the smallest pipe holds.
const PAGE: usize = 4096;

#[expect(unsafe_code, reason = "the size of a pipe is set by a function of the C library")]
fn small_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    // SAFETY: it takes numbers.
    let size = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, PAGE) };
    assert_eq!(usize::try_from(size), Ok(PAGE));
    (reader, writer)
}

/// Has a destination and a recording. The destination is lost and comes back; then the service is told to end.
fn plays_on_and_ends_in_order(log: impl Into<Stdio>) {
    let mut server = RtmpServer::start();
    let url = server.url("key");
    let variables = [SMALL, FAST, ("STREAM_URL", url.as_str()), ("MUXER_OUTPUTS", "show.mp4")];
    let mut service = Service::start_logging_to(log, &variables);
    service.wait_for_output("output-1", "started");
    service.wait_for_output("stream", "started");
    server.kill();
    service.wait_for_output("stream", "reconnecting");
    server.restart();
    assert_eq!(service.wait_for_output("stream", "started")["reconnects"], 1);
    service.wait_for_frames(30);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    let file = service.folder.path().join("show.mp4");
    let duration = probe(file.to_str().unwrap(), &[]).unwrap()["format"]["duration"].as_str().unwrap().to_owned();
    assert!(duration.parse::<f64>().unwrap() > 1.0, "{duration} s");
}

#[test]
fn nobody_needs_to_read_the_log() {
    let (reader, mut writer) = small_pipe();
    writer.write_all(&[b'.'; PAGE]).unwrap();
    plays_on_and_ends_in_order(writer);
    drop(reader);
}

#[test]
fn who_reads_the_log_may_go() {
    let (reader, writer) = small_pipe();
    drop(reader);
    plays_on_and_ends_in_order(writer);
}

#[test]
fn the_log_may_be_on_a_disk_that_is_full() {
    plays_on_and_ends_in_order(OpenOptions::new().write(true).open("/dev/full").unwrap());
}

/// What is read of the log of a service of this level, which is ended after that, once there is a gap in it.
fn read_again(level: &str) -> String {
    let (mut reader, writer) = small_pipe();
    // GStreamer says much then, on all of its threads.
    let variables =
        [SMALL, FAST, ("GST_DEBUG", "4,GST_SCHEDULING:5"), ("MUXER_OUTPUTS", "show.mp4"), ("LOG_LEVEL", level)];
    let mut service = Service::start_logging_to(writer, &variables);
    let dropped = || {
        let text = service.get("/metrics").expect(200).text();
        let line = text.lines().find_map(|line| line.strip_prefix("log_dropped_lines_total "));
        line.expect("it is counted").parse::<u64>().unwrap()
    };
    wait_for("lines that nobody takes", PATIENCE, || (dropped() > 0).then_some(()));
    service.wait_for_output("output-1", "started");
    service.wait_for_frames(30);

    let text = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::clone(&text);
    let reading = std::thread::spawn(move || {
        let mut bytes = [0; PAGE];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            read.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
    });
    let log = || String::from_utf8_lossy(&text.lock().unwrap()).into_owned();
    wait_for("the gap to be told", PATIENCE, || log().contains("log lines are left out here").then_some(()));
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    reading.join().unwrap();
    log()
}

#[test]
fn who_reads_the_log_again_is_told_what_is_missing() {
    let log = read_again("info");
    let gap = log.find("log lines are left out here").unwrap();
    let end = log.find("ending; a second signal ends at once").unwrap();
    assert!(gap < end);
}

/// Lines that are told at this level are missing like others.
#[test]
fn who_reads_only_errors_is_told_what_is_missing_as_well() {
    let log = read_again("error");
    let line = log.lines().find(|line| line.contains("log lines are left out here")).unwrap();
    assert!(line.contains("ERROR"), "{line}");
}
