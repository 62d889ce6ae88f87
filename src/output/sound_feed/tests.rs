use std::sync::Mutex;

use systems::Frame;

use super::*;
use crate::output::packet::Packet;

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

/// Nobody has heard anything by then that would be cut off, and no output goes on air without sound.
#[test]
fn there_is_silence_at_once_where_not_even_the_first_encoder_works() {
    gst::init().unwrap();
    let given = Arc::new(Mutex::new(Vec::new()));
    let on_packet: OnPacket = {
        let given = Arc::clone(&given);
        Arc::new(move |packet: Packet| given.lock().unwrap().push((packet.pts(), packet.end())))
    };
    let mut feed = SoundFeed::new(FORMAT, AudioSettings::default(), Arc::new(|_| {}), Arc::default(), on_packet);
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
    let time = |tick| gst::ClockTime::try_from(FORMAT.presentation_time(tick)).unwrap();
    assert_eq!(first.0, time(100), "from the first frame on");
    assert!(given.windows(2).all(|pair| pair[0].1 == pair[1].0), "{given:?}");
    let behind = time(115).saturating_sub(last.1);
    assert!((LAG..LAG + gst::ClockTime::from_mseconds(22)).contains(&behind), "{behind} behind");
    drop(given);
    feed.follow(115, &frame(115), false).unwrap();
    assert!(!feed.is_silent(), "nobody sends it");
    assert_eq!(feed.state(), EncoderState::Idle);
}
