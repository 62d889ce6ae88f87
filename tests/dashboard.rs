//! The dashboard that is shipped asks for nothing but what the service tells, and shows all of that.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service};

/// The parts that have a row each.
const PARTS: [&str; 9] =
    ["Tick", "Rasterising", "Workers", "Assets", "Outputs", "Sound", "Control", "Store", "Process"];
/// What the parts of a histogram end in.
const HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];
/// Metrics that are there under a second name, which ends in `_total`.
const TOLD_TWICE: [&str; 2] = ["encoder_dropped_frames", "muxer_errors"];
/// Labels that Prometheus itself puts on what it gets.
const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];

fn dashboard() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/stream-manager.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// The metrics that a query names, and the labels.
fn names(query: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = query;
    let mut are_labels = false;
    while let Some(letter) = rest.chars().next() {
        let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match letter {
            // A selector has its labels before the comparisons.
            '{' => {
                let (inside, after) = rest[1..].split_once('}').unwrap();
                labels.extend(inside.split(", ").map(|one| one.split(['=', '!']).next().unwrap().to_owned()));
                rest = after;
                continue;
            }
            '[' => {
                rest = rest.split_once(']').unwrap().1;
                continue;
            }
            ')' => are_labels = false,
            _ if word == "by" => are_labels = true,
            'a'..='z' if are_labels => drop(labels.insert(word.to_owned())),
            'a'..='z' if !after.starts_with('(') && !after.starts_with(" by") => drop(metrics.insert(word.to_owned())),
            _ => {}
        }
        rest = if end == 0 { &rest[letter.len_utf8()..] } else { after };
    }
    (metrics, labels)
}

/// What is told: each metric with the labels that it has.
fn told(text: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once("} ")).map_or("", |(labels, _)| labels);
        let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name);
        told.entry(name).or_default().extend(labels);
    }
    told
}

/// Whether a panel shows a metric, under the other of its two names or by another part of its histogram at least.
fn is_shown(metric: &str, shown: &BTreeSet<String>) -> bool {
    let is_shown = |stem: &str, part: &str| shown.contains(&format!("{stem}{part}"));
    let of_histogram = HISTOGRAM.iter().find_map(|part| metric.strip_suffix(part));
    shown.contains(metric)
        || of_histogram.is_some_and(|stem| HISTOGRAM.iter().any(|part| is_shown(stem, part)))
        || TOLD_TWICE.contains(&metric) && is_shown(metric, "_total")
}

#[test]
fn every_panel_shows_what_the_service_tells_and_all_that_it_tells_is_shown() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    // One is decoded.
    image::RgbImage::new(16, 16).save(folder.path().join("dot.png")).unwrap();
    let scene = json!({
        "canvas": { "width": 320, "height": 180 },
        "assets": [{ "id": "dot", "type": "image", "path": "dot.png" }],
        "audio": { "tracks": [{ "id": "beep", "source": { "type": "tone" } }] },
        "layers": [
            { "id": "dot", "content": { "type": "image", "asset": "dot" } },
            { "id": "text", "content": { "type": "text", "text": "hello" } },
        ],
    });
    let variables = [
        ("SCENE", "scene.json"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_RENDITIONS", "160x90:200"),
        ("MUXER_OUTPUTS", "show.mkv"),
    ];
    std::fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    let mut service = Service::launch_in(folder, &variables, &[]);
    service.wait_until_ready();
    let small = json!({ "id": "small", "url": "small.mkv", "rendition": "160x90" });
    service.send("POST", "/api/stream/outputs", &small).expect(201);
    service.wait_for_output("small", "started");
    let measured =
        json!({ "beats": 3, "delay": 0.5, "longestDelay": 0.6, "avOffset": 0.01, "furthestAvOffset": -0.02 });
    service.send("PUT", "/api/stream/latency/small", &measured).expect(201);
    service.send("PATCH", "/api/stream/layers/text", &json!({ "opacity": 0.5 })).expect(200);
    // Sound is told of once it has been mixed.
    let text = wait_for("the track to be heard", PATIENCE, || {
        let text = service.get("/metrics").text();
        text.contains("audio_track_peak_dbfs{").then_some(text)
    });
    let told = told(&text);

    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows: Vec<&str> =
        panels.iter().filter(|panel| panel["type"] == "row").map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(rows, PARTS);
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has a number of its own");
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let (metrics, mut labels) = names(query);
            assert!(!metrics.is_empty(), "`{title}` asks for nothing: {query}");
            let legend = target["legendFormat"].as_str().unwrap();
            labels.extend(legend.split("{{").skip(1).map(|rest| rest.split_once("}}").unwrap().0.to_owned()));
            for metric in &metrics {
                let Some(known) = told.get(metric.as_str()) else {
                    panic!("`{title}` asks for `{metric}`, which nobody tells: {query}")
                };
                let unknown: Vec<_> = labels
                    .iter()
                    .filter(|label| !known.contains(label.as_str()) && !OF_PROMETHEUS.contains(&label.as_str()))
                    .collect();
                assert!(unknown.is_empty(), "`{title}`: `{metric}` has no label {unknown:?}, but {known:?}");
            }
            shown.extend(metrics);
        }
    }
    let hidden: Vec<_> = told.keys().filter(|metric| !is_shown(metric, &shown)).collect();
    assert!(hidden.is_empty(), "no panel shows {hidden:?}");
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if let Some(query) = variable["definition"].as_str() {
            assert!(query.contains("stream_uptime_seconds") && told.contains_key("stream_uptime_seconds"), "{query}");
        }
    }
}

#[test]
fn queries_are_understood() {
    let query =
        "histogram_quantile(0.99, sum by (le, route) (rate(a_bucket{job=~\"$job\", x!=\"y\"}[$__rate_interval])))";
    let (metrics, labels) = names(query);
    assert_eq!(metrics.into_iter().collect::<Vec<_>>(), ["a_bucket"]);
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["job", "le", "route", "x"]);
    let (metrics, _) = names("rate(a_total[5m]) / (rate(a_total[5m]) + rate(b_total[5m]))");
    assert_eq!(metrics.into_iter().collect::<Vec<_>>(), ["a_total", "b_total"]);
}
