//! What people write as settings, and what they are told about it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

use std::{ffi::OsString, fs, net::IpAddr, path::Path, time::Duration};

use proptest::prelude::*;
use stream_manager::config::{self, ConfigFaults, Destination, Loaded, Origin, Resolution, SETTINGS, Setting, Sources};

fn sources(file: &str, dotenv: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Sources {
    Sources {
        file: (!file.is_empty()).then(|| ("stream-manager.toml".into(), file.to_owned())),
        dotenv: (!dotenv.is_empty()).then(|| (".env".into(), dotenv.to_owned())),
        environment: environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect(),
        flags: flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        ..Sources::default()
    }
}

fn environment(environment: &[(&str, &str)]) -> Result<Loaded, ConfigFaults> {
    config::load(&sources("", "", environment, &[]))
}

fn told(result: Result<Loaded, ConfigFaults>) -> String {
    result.expect_err("the settings should have been refused").to_string()
}

#[test]
fn nothing_written_gives_the_defaults() {
    let loaded = config::load(&Sources::default()).unwrap();
    let settings = loaded.settings;
    assert_eq!(settings.listen, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(
        (settings.port, settings.ws_port, settings.metrics_port, settings.health_port),
        (4200, 4201, 4290, 4291)
    );
    assert_eq!(settings.stream_resolution, Resolution { width: 1920, height: 1080 });
    assert_eq!((settings.target_fps, settings.max_layers, settings.stream_bitrate), (30, 50, 4000));
    assert_eq!((settings.audio_enabled, settings.audio_bitrate), (true, 128));
    assert_eq!(settings.muxer_retry_delay, Duration::from_secs(1));
    assert!(settings.stream_url.is_none() && settings.muxer_outputs.is_empty() && settings.api_token.is_none());
    assert_eq!(settings.origin("port"), Origin::Default);
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn stronger_sources_win_and_each_setting_knows_where_it_came_from() {
    let file = "target_fps = 25\nport = 1\nws_port = 2\nmetrics_port = 3\n\n[pipeline]\npool_size = 20\n";
    let dotenv = "# comment\nPORT=11\nWS_PORT=\"12\"\nexport METRICS_PORT=13\n";
    let environment = [("WS_PORT", "22"), ("METRICS_PORT", "23"), ("HEALTH_PORT", "")];
    let loaded = config::load(&sources(file, dotenv, &environment, &[("METRICS_PORT", "33")])).unwrap();
    let settings = loaded.settings;
    assert_eq!((settings.target_fps, settings.port, settings.ws_port, settings.metrics_port), (25, 11, 22, 33));
    assert_eq!(settings.pipeline_pool_size, 20);
    assert_eq!(settings.health_port, 4291, "an empty variable is the same as none");
    assert_eq!(settings.origin("target_fps").to_string(), "stream-manager.toml:1");
    assert_eq!(settings.origin("pipeline_pool_size").to_string(), "stream-manager.toml:7");
    assert_eq!(settings.origin("port").to_string(), ".env:2");
    assert_eq!(settings.origin("ws_port"), Origin::Environment);
    assert_eq!(settings.origin("metrics_port"), Origin::CommandLine);
}

#[test]
fn of_several_renditions_the_wrong_one_is_named() {
    let environment = [("STREAM_RENDITIONS", "640x360:800, 320x180, 160x90:200")];
    let message = told(config::load(&sources("", "", &environment, &[])));
    assert!(message.contains("; number 2 of it, `320x180`, is none"), "{message}");
}

#[test]
fn all_faults_of_all_sources_are_told_at_once() {
    let file = "
stream_resolution = \"1921x1080\"
ffmpeg_preset = \"veryfsat\"
[muxer]
retry_atempts = 3
outputs = [\"show.mkv\", \"show.avi\"]
[pipelin]
pool_size = 3
";
    let dotenv = "AUDIO_ENABLED=perhaps\nthis is no setting\n";
    let environment = [("TARGET_FPS", "90"), ("REDIS_URL", "http://user:hunter2@localhost")];
    let message = told(config::load(&sources(file, dotenv, &environment, &[("STREAM_CODEC", "av1")])));
    let expected = "\
9 settings are wrong; nothing was started

  stream-manager.toml:5: muxer: found an unknown setting of 13 characters, expected one of `outputs`, `max_queue_size`, \
`retry_attempts`, `retry_delay`; did you mean `retry_attempts`?
  stream-manager.toml:7: found an unknown setting of 7 characters, expected a setting that `stream-manager schema config` \
lists; did you mean `pipeline`?
  .env:2: expected `NAME=value`, the value in quotes if it contains spaces or `#`
  stream-manager.toml:2: stream_resolution: found `1921x1080`, expected an even width and height from `16x16` to \
`3840x2160` such as `1920x1080`, or a name such as `720p`
  TARGET_FPS (environment): found `90`, expected a whole number from 1 to 60 (frames per second)
  --stream-codec: found `av1`, expected `h264`, `vp8` or `vp9`
  stream-manager.toml:3: ffmpeg_preset: found `veryfsat`, expected `ultrafast`, `superfast`, `veryfast`, `faster`, \
`fast` or `medium`; did you mean `veryfast`?
  .env:1: AUDIO_ENABLED: found `perhaps`, expected `true` or `false`
  stream-manager.toml:6: muxer.outputs: found `***`, expected a list of: an address such as \
`rtmp://live.example.com/app/STREAM-KEY` (or `rtmps://`) or \
`srt://live.example.com:9000?streamid=NAME&passphrase=SECRET`, a file ending in `.mp4`, `.mkv`, `.flv` or `.webm`, for thumbnails one ending in `.jpg`, or, for HLS, \
a folder and `/index.m3u8`
  REDIS_URL (environment): found `***`, expected an address such as `redis://127.0.0.1:6379/0`";
    for line in expected.lines().skip(2) {
        assert!(message.contains(line), "missing:\n{line}\nin:\n{message}");
    }
    assert_eq!(message.lines().count(), expected.lines().count(), "{message}");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let message = told(environment(&[
        ("WS_PORT", "4200"),
        ("LISTEN", "0.0.0.0"),
        ("PIPELINE_POOL_SIZE", "4"),
        ("TWITTER_API_KEY", "k"),
        ("STREAM_CODEC", "vp9"),
        ("STREAM_URL", "rtmp://live.example/app/key"),
        ("MUXER_OUTPUTS", "show.mkv,show.webm"),
    ]));
    for part in [
        "PORT (default) and WS_PORT (environment) are both `4200`; each needs a port of its own",
        "LISTEN (environment) is `0.0.0.0`, which others can reach, but API_TOKEN is not set",
        "PIPELINE_POOL_SIZE (environment) is `4`, but PIPELINE_MAX_QUEUE_SIZE (default) is `8`",
        "TWITTER_API_SECRET, TWITTER_ACCESS_TOKEN, TWITTER_ACCESS_TOKEN_SECRET must be set too",
        "STREAM_URL (environment) has `rtmp://live.example/app/***`, but rtmp:// takes h264 with aac; .mkv takes `vp9` with \
         `aac`, which is encoded here",
        "MUXER_OUTPUTS (environment) has `show.webm`, but .webm takes vp8 or vp9 with opus",
    ] {
        assert!(message.contains(part), "missing: {part}\nin: {message}");
    }
    assert!(!message.contains("`show.mkv`"), "{message}");
    // The same, set right.
    let token = "0123456789abcdef0123456789abcdef";
    environment(&[("LISTEN", "0.0.0.0"), ("API_TOKEN", token), ("PORT", "0"), ("WS_PORT", "0")]).unwrap();
}

#[test]
fn a_least_bitrate_that_leaves_no_room_is_pointed_out() {
    let warnings =
        |least: &str| environment(&[("STREAM_MIN_BITRATE", least), ("STREAM_BITRATE", "500")]).unwrap().warnings;
    assert_eq!(warnings("499"), Vec::<String>::new());
    for least in ["500", "9000"] {
        let [told] = &warnings(least)[..] else { panic!("{:?}", warnings(least)) };
        assert!(told.contains(&format!("is `{least}`")) && told.contains("is `500`"), "{told}");
        assert!(told.contains("set STREAM_MIN_BITRATE to less"), "{told}");
    }
}

#[test]
fn misspelt_variables_are_pointed_out_and_foreign_ones_are_not() {
    let loaded = environment(&[
        ("STREAM_BITRTE", "6000"),
        ("PATH", "/usr/bin"),
        ("SHELL", "/bin/bash"),
        ("PWD", "/"),
        ("LISTENER", "x"),
    ])
    .unwrap();
    let hint = "STREAM_BITRTE is set, but there is no such setting; did you mean STREAM_BITRATE?";
    assert_eq!(loaded.warnings, [hint]);
    let message = told(environment(&[("STREAM_BITRTE", "6000"), ("PORT", "x")]));
    assert!(message.ends_with(&format!("\n  hint: {hint}")), "{message}");
}

#[test]
fn secrets_are_never_shown() {
    let loaded = config::load(&sources(
        "",
        "",
        &[
            ("STREAM_URL", "rtmp://me:pass-word@live.example.com:1936/app/live_key-123?sig=key-456"),
            ("MUXER_OUTPUTS", "rtmps://a.example.com/live2/key-789,out/show.mp4"),
            ("API_TOKEN", "key-abcdefghijkl"),
            ("REDIS_URL", "redis://:key-redis@localhost"),
            ("REDIS_PASSWORD", "key-password"),
        ],
        &[],
    ))
    .unwrap();
    let settings = loaded.settings;
    let url = settings.stream_url.clone().unwrap();
    assert_eq!(url.to_string(), "rtmp://live.example.com:1936/app/***");
    assert_eq!(url.expose(), "rtmp://me:pass-word@live.example.com:1936/app/live_key-123?sig=key-456");
    let outputs: Vec<String> = settings.muxer_outputs.iter().map(ToString::to_string).collect();
    assert_eq!(outputs, ["rtmps://a.example.com/live2/***", "out/show.mp4"]);
    let token = settings.api_token.clone().unwrap();
    assert_eq!(token.expose(), "key-abcdefghijkl");
    let json = serde_json::to_string(&(&token, &url, &settings.redis_url)).unwrap();
    for shown in [format!("{settings:?}"), format!("{token} {url:?}"), json] {
        assert!(!shown.contains("key-") && !shown.contains("pass-word"), "{shown}");
    }
}

/// Whoever confuses settings, or their names and values, reads no secret in the log.
#[test]
fn a_secret_in_the_wrong_place_is_not_told() {
    let file = "live_4711_sEcReT = 1\nstream_resolution = \"live_4711_sEcReT\"\nmuxer = \"live_4711_sEcReT\"\nlog_level = [\"live_4711_sEcReT\"]\n";
    let tables = "[muxer]\nlive_4711_sEcReT = 1\n[live_4711_sEcReT]\na = 1\n";
    let broken = "live_4711_sEcReT\n\"live_4711_sEcReT\" = live_4711_sEcReT\n[live_4711_sEcReT\na = \"live_4711_sEcReT";
    let twice = "[live_4711_sEcReT]\na = 1\na = 1\n[live_4711_sEcReT]\n";
    for file in [file, tables, broken, twice] {
        let environment = [("TARGET_FPS", "live_4711_sEcReT"), ("STREAM_CODEC", "live_4711_sEcReT")];
        let message = told(config::load(&sources(file, "PORT=live_4711_sEcReT\n", &environment, &[])));
        assert!(!message.contains("4711") && !message.contains("sEcReT"), "{message}");
        assert!(message.contains("text of 16 characters"), "{message}");
    }
}

/// The README with this table of settings in its place.
fn with_table(readme: &str, table: &str) -> String {
    const BEGIN: &str = "<!-- settings: written by `make docs` -->\n";
    const END: &str = "<!-- end of settings -->";
    let (before, rest) = readme.split_once(BEGIN).expect("the README has a place for the settings");
    let (_, after) = rest.split_once(END).expect("the place for the settings ends");
    format!("{before}{BEGIN}{table}{END}{after}")
}

#[test]
fn the_written_documents_agree_with_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let documents = [
        (".env.example", config::dotenv_example()),
        ("stream-manager.example.toml", config::toml_example()),
        ("README.md", with_table(&readme, &config::markdown_table())),
    ];
    for (name, expected) in documents {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(root.join(name), &expected).unwrap();
        }
        let written = fs::read_to_string(root.join(name)).unwrap();
        assert!(written == expected, "{name} is not what the table of settings says: run `make docs`");
    }
}

#[test]
fn the_examples_uncommented_give_the_defaults() {
    let uncomment = |text: &str, separator: &str| -> String {
        let is_setting = |line: &str| {
            let name = line.split(separator).next().unwrap_or_default();
            line.contains(separator) && SETTINGS.iter().any(|s| s.variable == name || s.key.ends_with(name))
        };
        let lines = text.lines().filter_map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_setting(rest) => Some(rest),
            None if line.starts_with('[') => Some(line),
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let dotenv = uncomment(&config::dotenv_example(), "=");
    assert_eq!(dotenv.lines().count(), SETTINGS.len());
    let from_dotenv = config::load(&sources("", &dotenv, &[], &[])).unwrap().settings;
    let toml = uncomment(&config::toml_example(), " = ");
    let from_toml = config::load(&sources(&toml, "", &[], &[])).unwrap().settings;
    let defaults = config::load(&Sources::default()).unwrap().settings;
    let values = |settings: &config::Settings| {
        let text = format!("{settings:?}");
        text[..text.find("origins").unwrap()].to_owned()
    };
    assert_eq!(values(&from_dotenv), values(&defaults));
    assert_eq!(values(&from_toml), values(&defaults));
}

#[test]
fn every_setting_has_names_of_its_own_and_a_description() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        let others = &SETTINGS[index + 1..];
        let same = |other: &Setting| other.variable == setting.variable || other.key == setting.key;
        assert!(!others.iter().any(same), "{}", setting.variable);
        assert_eq!(setting.variable, setting.field.to_uppercase());
        assert_eq!(setting.variable, setting.key.replace('.', "_").to_uppercase());
        assert_eq!(setting.flag, setting.field.replace('_', "-"));
        assert!(setting.about.trim().ends_with('.'), "{}", setting.about);
    }
}

#[test]
fn resolutions_are_read_as_written() {
    let size = |text| Resolution::parse(text).map(|size| (size.width, size.height));
    assert_eq!(size("1920x1080"), Some((1920, 1080)));
    assert_eq!(size("720p"), Some((1280, 720)));
    assert_eq!(size("16x16"), Some((16, 16)));
    assert_eq!(size("3840x2160"), Some((3840, 2160)));
    for wrong in ["", "x", "1920", "1920x", "1920x1081", "14x16", "3842x2160", "3840x2162", "+640x480", "640 x 480"] {
        assert_eq!(size(wrong), None, "{wrong}");
    }
}

#[test]
fn destinations_are_those_that_outputs_take() {
    for text in [
        "rtmp://live.example.com/app/key",
        "rtmps://live.example.com:443/app/instance/key?token=1",
        "rtmp://live.example.com/app/",
        "rtmp://live.example.com/app",
        "rtmp://live.example.com",
        "rtmp:///app/key",
        "srt://live.example.com:9000/app/key",
        "srt://live.example.com:9000?streamid=a&passphrase=0123456789",
        "srt://live.example.com",
        "show.webm",
        "public/index.m3u8",
        "index.m3u8",
        "show.mp4",
        "out/Show.MKV",
        "show.flv",
        ".mp4",
        "show.avi",
        "show",
    ] {
        let taken = text.parse::<stream_manager::output::Destination>().is_ok();
        assert_eq!(Destination::parse(text).is_some(), taken, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_in_any_source_gives_settings_or_faults(
        file in "\\PC{0,200}",
        dotenv in "\\PC{0,200}",
        value in "\\PC{0,40}",
        index in 0..SETTINGS.len(),
    ) {
        let setting = &SETTINGS[index];
        let by_file = format!("{}={value:?}\n{file}", setting.key);
        let by_dotenv = format!("{}={value}\n{dotenv}", setting.variable);
        let faults = config::load(&sources(&by_file, &by_dotenv, &[(setting.variable, &value)], &[]));
        if let Err(faults) = faults {
            prop_assert!(!faults.faults.is_empty());
        }
    }
}
