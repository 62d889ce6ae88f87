use std::sync::Mutex;

use systems::Frame;

use super::*;
use crate::output::{packet::Packet, settings::AudioCodec};

const FORMAT: StreamFormat = StreamFormat { width: 16, height: 16, fps: 30 };

fn frame(tick: u64) -> ProgramFrame {
    ProgramFrame {
        tick,
        seconds: FORMAT.presentation_time(tick).as_secs_f64(),
        picture: Arc::new(Frame::new(FORMAT.width, FORMAT.height)),
        variants: Arc::default(),
        start: Some(1),
        sound: Arc::default(),
        mix: Arc::default(),
        is_paused: false,
    }
}

fn time(tick: u64) -> gst::ClockTime {
    gst::ClockTime::try_from(FORMAT.presentation_time(tick)).unwrap()
}

/// A feed, and the times of what it gives out.
fn feed() -> (SoundFeed, Arc<Mutex<Vec<(gst::ClockTime, gst::ClockTime)>>>) {
    gst::init().unwrap();
    let given = Arc::new(Mutex::new(Vec::new()));
    let on_packet: OnPacket = {
        let given = Arc::clone(&given);
        Arc::new(move |packet: Packet| given.lock().unwrap().push((packet.pts(), packet.end())))
    };
    (SoundFeed::new(FORMAT, AudioSettings::default(), Arc::new(|_| {}), Arc::default(), on_packet), given)
}

/// Gives ten frames to an encoder that swallows what it gets. Returns when the first of them was given.
fn swallow(feed: &mut SoundFeed) -> Instant {
    feed.break_down(EncoderFault::Swallows);
    let begin = Instant::now();
    for tick in 100..110 {
        feed.follow(tick, &frame(tick), true).unwrap();
    }
    begin
}

/// Has something come out of that encoder.
fn come(feed: &SoundFeed, time: gst::ClockTime) {
    let line = Arc::clone(&feed.line);
    let on_packet: OnPacket = Arc::new(move |packet| line.give(packet));
    feed.progress.as_ref().unwrap().noting(&on_packet)(Silence::of(AudioCodec::Aac).at(time));
}

/// Nobody has heard anything by then that would be cut off, and no output goes on air without sound.
#[test]
fn there_is_silence_at_once_where_not_even_the_first_encoder_works() {
    let (mut feed, given) = feed();
    let mut has_failed = false;
    // Within milliseconds, long before anything counts as late.
    for tick in 100..115 {
        feed.break_down(EncoderFault::Fails);
        has_failed |= feed.follow(tick, &frame(tick), true).is_err();
    }
    assert!(has_failed && feed.is_silent());
    assert_eq!(feed.state(), EncoderState::Restarting);
    let given = given.lock().unwrap();
    let (first, last) = (given[0], given[given.len() - 1]);
    assert_eq!(first.0, time(100), "from the first frame on");
    assert!(given.windows(2).all(|pair| pair[0].1 == pair[1].0), "{given:?}");
    let behind = time(115).saturating_sub(last.1);
    assert!((LAG..LAG + gst::ClockTime::from_mseconds(22)).contains(&behind), "{behind} behind");
    drop(given);
    feed.follow(115, &frame(115), false).unwrap();
    assert!(!feed.is_silent(), "nobody sends it");
    assert_eq!(feed.state(), EncoderState::Idle);
}

/// Else neither of them would be heard, and no muxer lets pictures go without sound.
#[test]
fn silence_goes_on_until_there_is_sound_in_its_place() {
    let (mut feed, given) = feed();
    let begin = swallow(&mut feed);
    let at = |feed: &mut SoundFeed, tick: u64| {
        feed.bridge(tick, begin + LATE + FORMAT.presentation_time(tick - 100));
        let behind = time(tick + 1).saturating_sub(given.lock().unwrap().last().unwrap().1);
        (feed.is_silent(), behind < LAG + gst::ClockTime::from_mseconds(22))
    };
    assert_eq!(at(&mut feed, 110), (true, true));
    // An encoder that is slow comes with what was due long ago.
    for tick in 111..140 {
        come(&feed, time(tick - 12));
        assert_eq!(at(&mut feed, tick), (true, true), "{tick}");
    }
    come(&feed, feed.line.until());
    assert!(!at(&mut feed, 140).0, "now it is heard");
}

#[test]
fn an_encoder_after_one_that_was_waited_for_in_vain_is_waited_for_longer() {
    let (mut feed, _) = feed();
    let begin = Instant::now();
    let mut patience = |seconds: u64, error: EncoderError| {
        let now = begin + Duration::from_secs(seconds);
        feed.fail(&error, now);
        feed.restarts.start(now);
        feed.patience
    };
    let stalled = || EncoderError::Stalled(PATIENCE);
    let failed = || EncoderError::Failed("its device is gone".to_owned());
    let waited = [(1, failed()), (2, stalled()), (3, failed()), (4, stalled()), (5, stalled()), (50, stalled())];
    let told = waited.map(|(seconds, error)| patience(seconds, error).as_millis());
    assert_eq!(told, [800, 1600, 1600, 3200, 3200, 1600]);
    assert_eq!(patience(100, failed()), PATIENCE, "the last one worked for long");
}

/// However often it is heard: else outputs would wait for it longer and longer.
#[test]
fn what_an_encoder_does_not_make_in_time_is_silent_though_it_comes_on() {
    let (mut feed, _) = feed();
    let begin = swallow(&mut feed);
    come(&feed, time(100));
    let now = begin + LATE + Duration::from_secs(1);
    assert!(feed.bridge(150, now).is_some(), "it is told how late it is");
    assert_eq!(feed.state(), EncoderState::Running, "it has just come on");
    assert!(feed.is_silent());
    let behind = time(151).saturating_sub(feed.line.until());
    assert!(behind < LAG + gst::ClockTime::from_mseconds(22), "{behind} behind");
    assert_eq!(feed.bridge(151, now + RECENT / 2), None);
    assert!(feed.is_silent(), "it has been of late");
    assert_eq!(feed.bridge(152, now + RECENT), None);
    assert!(!feed.is_silent());
}

/// As when a virtual machine is paused: it was given nothing meanwhile.
#[test]
fn an_encoder_that_owes_nothing_is_not_taken_for_one_that_hangs() {
    let (mut feed, _) = feed();
    let begin = swallow(&mut feed);
    while feed.line.until() + gst::ClockTime::from_mseconds(50) < time(110) {
        come(&feed, feed.line.until());
    }
    feed.bridge(109, begin);
    feed.bridge(200, begin + LATE * 2);
    assert!(!feed.is_silent());
    feed.sound = None;
    feed.bridge(201, begin + LATE * 2);
    assert!(feed.is_silent(), "nothing is given to it for want of a mixer");
}
