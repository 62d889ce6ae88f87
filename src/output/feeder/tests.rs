use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use systems::Frame;

use super::*;
use crate::{
    engine::{Mixed, Soundtrack, StreamFormat},
    output::{Hwaccel, Output, ReconnectPolicy, fan_out::run_program},
};

const FORMAT: StreamFormat = StreamFormat { width: 64, height: 36, fps: 30 };

/// A way to give frames to a feeder, by their ticks.
fn frames(waiting: usize) -> (impl Fn(u64), Receiver<ProgramFrame>) {
    let (sender, frames): (SyncSender<ProgramFrame>, _) = sync_channel(waiting);
    let give = move |tick: u64| {
        let frame = ProgramFrame {
            tick,
            seconds: FORMAT.presentation_time(tick).as_secs_f64(),
            picture: Arc::new(Frame::new(FORMAT.width, FORMAT.height)),
            variants: Arc::default(),
            start: Some(1),
            sound: Arc::new(Soundtrack::default()),
            mix: Arc::default(),
            is_paused: false,
        };
        sender.send(frame).unwrap();
    };
    (give, frames)
}

/// Else what it has let go by is missing at the beginning of every recording.
#[test]
fn a_rendition_that_nobody_sends_leaves_the_sound_to_those_that_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    // Each waits until the one before has been dealt with.
    let (give_idle, idle_frames) = frames(0);
    let (give, sent_frames) = frames(10);
    let (mixed, heard) = channel();
    let (_transport, transport) = watch::channel(Transport::Live);
    let rendition = Rendition { name: "small".to_owned(), width: 32, height: 18, bitrate_kbps: 100, variant: None };
    let program = Program {
        frames: sent_frames,
        format: FORMAT,
        transport,
        publish: Arc::new(|_| {}),
        forget: Arc::new(|_| {}),
        announce: Arc::new(|_| {}),
        publish_encoder: Arc::new(|_| {}),
        publish_levels: Arc::new(move |levels: Option<Mixed<'_>>| {
            if let Some(levels) = levels {
                mixed.send(levels.tick).unwrap();
            }
        }),
        renditions: vec![(rendition, idle_frames)],
        slate: None,
        faults: None,
        sound_faults: None,
    };
    let output = Output {
        destination: folder.path().join("show.mkv").to_str().unwrap().parse().unwrap(),
        policy: ReconnectPolicy::default(),
        is_enabled: true,
        min_bitrate: None,
        rendition: None,
    };
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..EncoderSettings::default() };
    let outputs = run_program(program, settings, vec![("file".to_owned(), output)]).unwrap();
    (100..103).for_each(&give_idle);
    assert!(heard.try_recv().is_err(), "nobody has begun");
    give(101);
    assert_eq!(heard.recv_timeout(Duration::from_secs(30)), Ok(101));
    // Where nobody sends anything all plays on.
    outputs.control().stop("file").unwrap();
    (103..106).for_each(&give_idle);
    // It may have had one in hand.
    assert!((102..=103).contains(&heard.recv_timeout(Duration::from_secs(30)).unwrap()));
    drop((give, give_idle));
    assert!(outputs.shutdown(Duration::from_secs(10)));
}
