//! Servers that do not want the stream are told apart from those that cannot be reached or break down, and are not asked for
//! ever; the other outputs do not notice.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
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
#[path = "support/rude_server.rs"]
mod rude_server;
#[path = "support/test_card.rs"]
mod test_card;
#[path = "support/viewer.rs"]
mod viewer;

use std::{fs, time::Duration};

use process::{free_port, wait_for};
use program::Show;
use rtmp_server::RtmpServer;
use rude_server::{Manner, RudeServer};
use stream_manager::{
    engine::{OutputErrorKind, OutputState, OutputStatus, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, Output, ReconnectPolicy},
};
use test_card::test_card;
use viewer::{Watching, assert_without_a_gap};

const KEY: &str = "a-secret-key";
const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(30);

#[test]
fn who_does_not_want_the_stream_is_left_alone_and_who_is_lost_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let server = RtmpServer::start();
    let [silent, resets, denies, turns_away] =
        [Manner::Silent, Manner::Resets, Manner::Denies, Manner::TurnsAway].map(RudeServer::start);
    let closed = format!("rtmp://127.0.0.1:{}/closed/{KEY}", server.port);
    let absent = format!("rtmp://127.0.0.1:{}/live/{KEY}", free_port());
    let urls = [
        ("good", server.url(KEY)),
        ("file", file.to_str().unwrap().to_owned()),
        ("silent", silent.url(KEY)),
        ("resets", resets.url(KEY)),
        ("absent", absent),
        ("denies", denies.url(KEY)),
        ("turns-away", turns_away.url(KEY)),
        ("closed", closed),
    ];
    let outputs: Vec<(&str, Destination)> = urls.iter().map(|(id, url)| (*id, url.parse().unwrap())).collect();
    // Attempts follow one another at once, so that many fit into the test.
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    show.wait_for_state("good", OutputState::Started);
    let mut watching = Watching::start(&server, KEY);

    // Only words are an answer. Who says nothing may be starting, or have nobody behind it.
    let (words, silence) = (OutputErrorKind::Refused, OutputErrorKind::TurnedAway);
    for (id, state, kind, told) in [
        ("denies", OutputState::Failed, words, "given up after 3 such answers"),
        ("turns-away", OutputState::Reconnecting, silence, "after 8 times it is tried every 5 minutes only"),
        ("closed", OutputState::Reconnecting, silence, "after 8 times it is tried every 5 minutes only"),
    ] {
        let status = wait_for(&format!("`{id}` to be left alone"), LONG, || {
            let is_left = |status: &OutputStatus| status.last_error.as_ref().is_some_and(|error| error.contains(told));
            Some(show.status(id)).filter(is_left)
        });
        assert_eq!((status.state, status.last_error_kind), (state, Some(kind)), "{status:?}");
        let error = status.last_error.unwrap();
        assert!(error.contains("check the application and the stream key; "), "{id}: {error}");
    }
    assert_eq!(denies.came(), 3);
    // The others are asked more often than that, and for as long as it takes.
    wait_for("many attempts", LONG, || (resets.came() > 20).then_some(()));
    for (id, words) in [("resets", "before a word was said"), ("absent", "refused the connection")] {
        let status = wait_for(&format!("`{id}` to wait"), LONG, || {
            Some(show.status(id)).filter(|status| status.state == OutputState::Reconnecting)
        });
        assert_eq!(status.last_error_kind, Some(OutputErrorKind::Network), "{status:?}");
        assert!(status.last_error.as_deref().is_some_and(|error| error.contains(words)), "{status:?}");
    }
    wait_for("the silent one to be left", LONG, || (silent.came() > 1).then_some(()));
    // Nobody has asked those who do not want it again; somebody who starts one does.
    assert_eq!((denies.came(), show.status("turns-away").errors, show.status("closed").errors), (3, 8, 8));
    show.control().start("denies").unwrap();
    wait_for("another three attempts", LONG, || {
        (denies.came() == 6 && show.status("denies").state == OutputState::Failed).then_some(())
    });

    watching.wait_for_frames(90);
    watching.end();
    assert!(show.shutdown());
    for id in ["good", "file"] {
        let told = show.told(id);
        assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
    }
    assert_without_a_gap(&watching.file(), 90, 0);
    assert_without_a_gap(&file, 90, 0);
    for (id, _) in &urls {
        assert!(!format!("{:?}", show.told(id)).contains(KEY), "{id}");
    }
}

#[test]
fn a_server_that_breaks_down_each_time_is_not_taken_for_one_that_does_not_want_the_stream() {
    let mut server = RudeServer::start(Manner::CutsShort);
    let url = server.url(KEY).parse().unwrap();
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_millis(200), ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &[("flaky", url)], policy, cards);
    let tried_seldom = |show: &Show| {
        let status = wait_for("it to be tried seldom", LONG, || {
            let is_seldom = |error: &String| error.contains("after 8 times it is tried every 5 minutes only");
            Some(show.status("flaky")).filter(|status| status.last_error.as_ref().is_some_and(is_seldom))
        });
        assert_eq!(status.state, OutputState::Reconnecting, "{status:?}");
        assert_eq!(status.last_error_kind, Some(OutputErrorKind::TurnedAway), "{status:?}");
        let error = status.last_error.unwrap();
        assert!(error.contains("the stream had just begun") && !error.contains(KEY), "{error}");
        assert!(error.contains("check the application and the stream key"), "{error}");
    };
    tried_seldom(&show);
    assert_eq!(server.came(), 8);
    // At first it has broken down, as far as anybody can tell.
    let begun = show.told("flaky").into_iter().find(|status| status.last_error.is_some()).unwrap();
    assert_eq!(begun.last_error_kind, Some(OutputErrorKind::Network), "{begun:?}");
    assert!(!begun.last_error.unwrap().contains("stream key"));
    // Somebody looks whether it is still there.
    server.go_away();
    server.come_back(Manner::Silent);
    wait_for("it to be missed", LONG, || (server.came() > 8).then_some(()));
    server.go_away();
    let came = server.came();
    // What is there now is another one, and is tried at once and as often.
    server.come_back(Manner::CutsShort);
    wait_for("eight further attempts", LONG, || (server.came() >= came + 8).then_some(()));
    tried_seldom(&show);
    assert_eq!(server.came(), came + 8);
    assert!(show.shutdown());
}

/// What an output was told to be in trouble for, without what was told again.
fn faults(show: &Show, id: &str) -> Vec<OutputStatus> {
    let mut faults = show.told(id);
    faults.retain(|status| status.last_error.is_some());
    faults.dedup_by_key(|status| status.errors);
    faults
}

#[test]
fn a_server_that_closes_upon_publish_is_given_up_soon_only_where_the_stream_was_never_on_air() {
    let mut server = RtmpServer::start();
    // What takes minutes and hours otherwise.
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, seldom: soon, ..ReconnectPolicy::default() };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let closed = format!("rtmp://127.0.0.1:{}/closed/{KEY}", server.port);
    let outputs = [("known", server.url(KEY).parse().unwrap()), ("new", closed.parse().unwrap())];
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);

    let given_up = show.wait_for_state("new", OutputState::Failed);
    let faults_of_new = faults(&show, "new");
    assert_eq!((given_up.errors, faults_of_new.len()), (12, 12), "{faults_of_new:?}");
    for (fault, number) in faults_of_new.iter().zip(1..) {
        let error = fault.last_error.as_deref().unwrap();
        assert_eq!(fault.last_error_kind, Some(OutputErrorKind::TurnedAway), "{fault:?}");
        assert!(error.contains("it closed the connection as soon as the stream was to be published"), "{error}");
        assert!(error.contains("check the application and the stream key") && !error.contains(KEY), "{error}");
        // One or two may be an accident.
        assert_eq!(error.contains("each time, which is what a wrong stream key looks like"), number >= 8, "{error}");
        let is_told = error.contains("only, and given up after 12; start it to try at once");
        assert_eq!(is_told, (8..12).contains(&number), "{error}");
    }
    let error = given_up.last_error.unwrap();
    assert!(error.ends_with("since it has never been on air there; start it again when that is mended"), "{error}");
    // Somebody who starts it again gets as many attempts.
    show.control().start("new").unwrap();
    wait_for("it to be given up again", LONG, || {
        let status = show.status("new");
        (status.state == OutputState::Failed && status.errors == 24).then_some(())
    });

    // The same server, where the key has been good for longer than one that is looked at late is.
    let is_on_air = show.wait_for_state("known", OutputState::Started).errors == 0;
    assert!(is_on_air);
    let before = show.encoder().map_or(0, |encoder| encoder.frames);
    wait_for("some seconds on air", LONG, || (show.encoder()?.frames > before + 180).then_some(()));
    server.kill();
    wait_for("the loss to be noticed", LONG, || {
        (show.status("known").state == OutputState::Reconnecting).then_some(())
    });
    let lost = show.status("known").errors;
    server.restart_closed();
    let kept = wait_for("more attempts than a new one gets", LONG, || {
        Some(show.status("known"))
            .filter(|status| status.errors > lost + 14 && status.last_error_kind == Some(OutputErrorKind::TurnedAway))
    });
    assert_eq!(kept.state, OutputState::Reconnecting, "{kept:?}");
    let error = kept.last_error.unwrap();
    assert!(error.contains("only, and given up after 44; start it to try at once"), "{error}");
    // Another key has not been on air.
    let other = server.url("another").parse().unwrap();
    show.control().aim("known", other, None).unwrap();
    let given_up = show.wait_for_state("known", OutputState::Failed).last_error.unwrap();
    assert!(given_up.contains("given up after 12 times, since it has never been on air there"), "{given_up}");
    assert!(show.shutdown());
}

/// Descriptors that this process has open.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A sink that is stopped while its server keeps it waiting would keep its connection for ever.
#[test]
fn who_is_left_while_it_is_being_connected_to_leaves_nothing_behind() {
    let ignores = RudeServer::start(Manner::Ignores);
    let server = RtmpServer::start();
    let urls = [("ignores", ignores.url(KEY)), ("stays", server.url("stays")), ("good", server.url(KEY))];
    let outputs: Vec<(&str, Destination)> = urls.iter().map(|(id, url)| (*id, url.parse().unwrap())).collect();
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..Default::default() };
    let mut show = Show::start(FORMAT, settings, &outputs);
    for id in ["good", "stays"] {
        show.wait_for_state(id, OutputState::Started);
    }
    let control = show.control();
    let mut settled = 0;
    for round in 0..40 {
        let came = ignores.came();
        for id in ["ignores", "good"] {
            control.start(id).unwrap();
        }
        // Every other time they are left at whatever point they have come to.
        if round % 2 == 1 {
            wait_for("it to ask for something", LONG, || (ignores.came() > came).then_some(()));
        }
        for id in ["ignores", "good"] {
            control.stop(id).unwrap();
            show.wait_for_state(id, OutputState::Stopped);
        }
        if round == 4 {
            settled = descriptors();
        }
    }
    wait_for("nothing to be left of them", LONG, || (descriptors() < settled + 10).then_some(()));
    assert!(show.told("stays").iter().all(|status| status.last_error.is_none()), "{:?}", show.told("stays"));
    assert!(show.shutdown());
}

#[test]
fn who_says_far_more_than_it_has_to_is_not_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let (server, file) = (RudeServer::start(Manner::Floods), folder.path().join("show.mkv"));
    let outputs = [("floods", server.url(KEY)), ("file", file.to_str().unwrap().to_owned())];
    let outputs = outputs.map(|(id, url)| (id, url.parse::<Destination>().unwrap()));
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..Default::default() };
    let mut show = Show::start(FORMAT, settings, &outputs);
    let told = wait_for("it to be left twice", LONG, || {
        show.told("floods").into_iter().find(|status| status.errors == 2 && status.last_error.is_some())
    });
    let error = told.last_error.unwrap();
    assert!(error.contains("says far more than a server has to"), "{error}");
    assert_eq!(told.last_error_kind, Some(OutputErrorKind::Network));
    assert!(show.told("file").iter().all(|status| status.last_error.is_none()));
    assert!(show.shutdown());
}

/// A sink that is told no while the connection stays would keep it for ever.
#[test]
fn who_says_no_and_keeps_the_connection_is_asked_at_the_cost_of_nothing() {
    let server = RtmpServer::start();
    let url = server.url(KEY).parse::<Destination>().unwrap();
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &[("first", url.clone())], policy, cards);
    show.wait_for_state("first", OutputState::Started);
    let second = Output { destination: url, policy, is_enabled: true, min_bitrate: None, rendition: None };
    show.control().add("second", second).unwrap();
    let mut settled = 0;
    for attempts in [5, 35] {
        let told = wait_for("many refused attempts", LONG, || {
            Some(show.status("second")).filter(|status| status.errors >= attempts)
        });
        assert!(told.last_error.as_ref().is_some_and(|error| error.contains("being sent to it already")), "{told:?}");
        if attempts == 5 {
            settled = descriptors();
        }
    }
    // Of one attempt and the one before it.
    wait_for("nothing to be left of them", LONG, || (descriptors() < settled + 6).then_some(()));
    assert!(show.told("first").iter().all(|status| status.last_error.is_none()), "{:?}", show.told("first"));
    assert!(show.shutdown());
}
