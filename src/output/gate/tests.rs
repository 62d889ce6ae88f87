use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;

/// An outlet that is as full as a test says, and takes one format.
#[derive(Clone, Default)]
struct Bucket(Arc<Mutex<(Vec<Packet>, u32)>>, Arc<Mutex<Vec<u64>>>);

impl Outlet for Bucket {
    fn is_full(&self) -> bool {
        self.0.lock().unwrap().1 > 10
    }
    fn has_room(&self) -> bool {
        self.0.lock().unwrap().1 < 3
    }
    fn takes(&self, packet: &Packet) -> bool {
        let taken = &self.0.lock().unwrap().0;
        let mut video = taken.iter().filter(|taken| taken.track == Track::Video);
        video.next().is_none_or(|first| first.is_of_one_format_with(packet))
    }
    fn begin(&mut self, at: gst::ClockTime) {
        self.1.lock().unwrap().push(at.mseconds());
    }
    fn queued_bytes(&self) -> u64 {
        u64::from(self.0.lock().unwrap().1) * 1000
    }
    fn push(&mut self, packet: &Packet) {
        self.0.lock().unwrap().0.push(packet.clone());
    }
    fn end(&mut self) {}
}

fn packet(track: Track, millis: u64, is_key: bool) -> Packet {
    let mut buffer = gst::Buffer::with_size(10).unwrap();
    let writable = buffer.make_mut();
    writable.set_pts(gst::ClockTime::from_mseconds(millis));
    writable.set_duration(gst::ClockTime::from_mseconds(20));
    Packet { track, buffer, caps: gst::Caps::new_empty_simple("video/x-h264"), is_key }
}

proptest! {
    /// Whatever the output's state, what it gets can be decoded, and every frame after the
    /// first is let through or counted.
    #[test]
    fn only_whole_runs_from_key_frames_get_through(levels in prop::collection::vec(0_u32..14, 1..200)) {
        gst::init().unwrap();
        let bucket = Bucket::default();
        let mut gate = Gate::default();
        gate.open(Box::new(bucket.clone()));
        for (frame, level) in levels.iter().enumerate() {
            bucket.0.lock().unwrap().1 = *level;
            let frame = frame as u64;
            gate.offer(&packet(Track::Audio, frame * 20, true));
            gate.offer(&packet(Track::Video, frame * 20, frame.is_multiple_of(7)));
        }
        let taken = bucket.0.lock().unwrap().0.clone();
        let video: Vec<_> = taken.iter().filter(|packet| packet.track == Track::Video).collect();
        let first = video.first().map_or(levels.len() as u64, |packet| packet.pts().mseconds() / 20);
        prop_assert_eq!(first + video.len() as u64 + gate.dropped, levels.len() as u64);
        let mut before = None;
        for packet in video {
            let frame = packet.pts().mseconds() / 20;
            prop_assert!(packet.is_key || before == Some(frame - 1), "frame {} follows {:?}", frame, before);
            before = Some(frame);
        }
        prop_assert_eq!(gate.bytes, taken.len() as u64 * 10);
    }
}

fn packet_of(format: u8, track: Track, millis: u64, is_key: bool) -> Packet {
    let headers = gst::Buffer::from_slice([format]);
    let caps = gst::Caps::builder("video/x-h264").field("codec_data", headers).build();
    Packet { caps, ..packet(track, millis, is_key) }
}

proptest! {
    /// However often the format changes and however long the next outlet takes to come, every outlet gets whole
    /// runs of one format, with the sound to them, and no frame is missing that is not counted.
    #[test]
    fn a_change_of_format_ends_the_outlet_and_loses_nothing(
        runs in prop::collection::vec((1_usize..200, 0_usize..120), 1..6),
    ) {
        gst::init().unwrap();
        let mut buckets = vec![Bucket::default()];
        let mut gate = Gate::default();
        gate.open(Box::new(buckets[0].clone()));
        let (mut time, mut closed_for) = (0, 0);
        for (format, (frames, delay)) in (0..).zip(&runs) {
            for frame in 0..*frames {
                gate.offer(&packet(Track::Audio, time + 10, true));
                gate.offer(&packet_of(format, Track::Video, time, frame % 30 == 0));
                time += 20;
                prop_assert!(gate.queued() <= KEPT_FRAMES as u64, "{} frames are kept", gate.queued());
                if gate.is_renewing() {
                    closed_for += 1;
                    if closed_for > *delay {
                        let bucket = Bucket::default();
                        gate.open(Box::new(bucket.clone()));
                        buckets.push(bucket);
                        closed_for = 0;
                    }
                }
            }
        }
        while gate.is_renewing() {
            let bucket = Bucket::default();
            gate.open(Box::new(bucket.clone()));
            buckets.push(bucket);
        }
        let mut seen = 0;
        for bucket in &buckets {
            let taken = &bucket.0.lock().unwrap().0;
            let video: Vec<_> = taken.iter().filter(|packet| packet.track == Track::Video).collect();
            seen += video.len() as u64;
            let Some(first) = video.first() else { continue };
            prop_assert!(first.is_key);
            for pair in video.windows(2) {
                prop_assert!(pair[0].is_of_one_format_with(pair[1]));
                prop_assert!(pair[1].is_key || pair[1].pts() - pair[0].pts() == gst::ClockTime::from_mseconds(20));
            }
            for frame in &video {
                let has_sound = |packet: &&Packet| packet.track == Track::Audio && packet.pts() < frame.end() && packet.end() > frame.pts();
                prop_assert!(taken.iter().any(|packet| has_sound(&packet)), "no sound with {:?}", frame.pts());
            }
        }
        prop_assert_eq!(seen + gate.dropped, time / 20);
    }
}

#[test]
fn what_piles_up_in_the_system_costs_frames_until_little_of_it_is_left() {
    gst::init().unwrap();
    let bucket = Bucket::default();
    let mut gate = Gate { most_waiting: Duration::from_secs(3), kbps: 800, ..Gate::default() };
    gate.open(Box::new(bucket.clone()));
    // At 800 kbit/s a second is 100 kB.
    let mut let_through = |kilobytes: u64, lag: u64| {
        gate.strain = Strain { bytes: kilobytes * 1000, lag: Duration::from_secs(lag), ..Strain::default() };
        let before = gate.bytes;
        gate.offer(&packet(Track::Video, 0, true));
        gate.bytes > before
    };
    assert!(let_through(0, 0) && let_through(299, 0));
    assert!(let_through(10, 9), "packets that are lost on the way do not wait anywhere");
    assert!(!let_through(301, 0));
    assert!(!let_through(299, 0) && !let_through(101, 0), "it is not let through again at once");
    assert!(let_through(99, 0) && let_through(299, 0));
    assert_eq!(gate.dropped, 3);
    // A link that is opened anew has nothing waiting.
    gate.strain = Strain { bytes: 400_000, ..Strain::default() };
    drop(gate.close());
    gate.open(Box::new(bucket));
    gate.offer(&packet(Track::Video, 0, true));
    assert!(!gate.is_waiting());
}

#[test]
fn what_waits_anywhere_lasts_as_long_as_the_link_takes_for_it() {
    gst::init().unwrap();
    let bucket = Bucket::default();
    let mut gate = Gate { most_waiting: Duration::from_secs(3), kbps: 800, ..Gate::default() };
    gate.open(Box::new(bucket.clone()));
    // At 80 kbit/s a second is 10 kB.
    let mut let_through = |kilobytes: u64, queued: u32, takes: Option<u32>| {
        bucket.0.lock().unwrap().1 = queued;
        gate.strain = Strain { bytes: kilobytes * 1000, takes, ..Strain::default() };
        let before = gate.bytes;
        gate.offer(&packet(Track::Video, 0, true));
        (gate.bytes > before, gate.behind(Duration::from_millis(20)).as_millis())
    };
    assert_eq!(let_through(0, 0, None), (true, 0));
    assert_eq!(let_through(29, 0, Some(80)), (true, 2900));
    assert_eq!(let_through(31, 0, Some(80)), (false, 3100));
    assert_eq!(let_through(11, 0, Some(80)), (false, 1100));
    assert_eq!(let_through(8, 1, Some(80)), (true, 900));
    assert_eq!(let_through(25, 6, None), (true, 250), "of a link that takes all it is given");
    assert_eq!(let_through(25, 6, Some(80)), (false, 3100));
    assert_eq!(let_through(7, 2, Some(80)), (true, 900));
}

#[test]
fn what_comes_before_the_outlet_is_there_is_kept_if_it_is_awaited() {
    gst::init().unwrap();
    for is_awaited in [false, true] {
        let (bucket, mut gate) = (Bucket::default(), Gate::default());
        if is_awaited {
            gate.await_outlet();
        }
        for frame in 0..3 {
            gate.offer(&packet(Track::Audio, frame * 20, true));
            gate.offer(&packet(Track::Video, frame * 20, frame == 0));
        }
        gate.open(Box::new(bucket.clone()));
        gate.offer(&packet(Track::Video, 60, false));
        assert_eq!((gate.is_waiting(), gate.dropped), (!is_awaited, 0));
        let count = bucket.0.lock().unwrap().0.len();
        assert_eq!(count, if is_awaited { 7 } else { 0 });
        // One that is open has nothing to wait for.
        gate.await_outlet();
        assert!(!gate.is_renewing());
    }
}

#[test]
fn sound_that_comes_ahead_of_its_key_frame_is_kept() {
    gst::init().unwrap();
    let bucket = Bucket::default();
    let mut gate = Gate::default();
    gate.open(Box::new(bucket.clone()));
    for millis in [0, 20, 40, 60] {
        gate.offer(&packet(Track::Audio, millis, true));
    }
    gate.offer(&packet(Track::Video, 40, true));
    let times: Vec<_> = bucket.0.lock().unwrap().0.iter().map(|packet| packet.pts().mseconds()).collect();
    assert_eq!(times, [40, 60, 40]);
}

/// What belongs to frames that another one got is of no use to it.
#[test]
fn a_new_outlet_is_owed_no_sound_before_its_key_frame() {
    gst::init().unwrap();
    let (before, bucket, mut gate) = (Bucket::default(), Bucket::default(), Gate::default());
    gate.open(Box::new(before));
    gate.offer(&packet(Track::Video, 1000, true));
    drop(gate.close());
    gate.open(Box::new(bucket.clone()));
    let taken = || bucket.0.lock().unwrap().0.iter().map(|packet| packet.pts().mseconds()).collect::<Vec<_>>();
    [980, 1000].into_iter().for_each(|millis| gate.offer(&packet(Track::Audio, millis, true)));
    assert!(taken().is_empty());
    // Nor is what came while there was none.
    drop(gate.close());
    gate.open(Box::new(bucket.clone()));
    gate.offer(&packet(Track::Audio, 1020, true));
    gate.offer(&packet(Track::Video, 1000, true));
    assert_eq!(taken(), [1020, 1000]);
}

#[test]
fn an_outlet_begins_with_the_first_of_sound_and_picture() {
    gst::init().unwrap();
    for (sound, begins) in [(vec![], 100), (vec![80], 100), (vec![90, 110], 90), (vec![110], 100)] {
        let (bucket, mut gate) = (Bucket::default(), Gate::default());
        gate.open(Box::new(bucket.clone()));
        sound.into_iter().for_each(|millis| gate.offer(&packet(Track::Audio, millis, true)));
        gate.offer(&packet(Track::Video, 100, true));
        assert_eq!(*bucket.1.lock().unwrap(), [begins]);
    }
}

/// Muxers let no frame go before that has come, so that there would never be room.
#[test]
fn sound_to_frames_that_were_let_through_follows_though_there_is_no_room() {
    gst::init().unwrap();
    let (bucket, mut gate) = (Bucket::default(), Gate::default());
    gate.open(Box::new(bucket.clone()));
    (0..5).for_each(|frame| gate.offer(&packet(Track::Video, frame * 20, frame == 0)));
    bucket.0.lock().unwrap().1 = 11;
    gate.offer(&packet(Track::Video, 100, false));
    assert!(gate.is_waiting());
    // It is late, and does not end where a frame does.
    (0..20).for_each(|run| gate.offer(&packet(Track::Audio, run * 20 + 5, true)));
    let sound = || -> Vec<_> {
        let taken = &bucket.0.lock().unwrap().0;
        taken.iter().filter(|packet| packet.track == Track::Audio).map(|packet| packet.pts().mseconds()).collect()
    };
    // One run begins after all that was let through.
    assert_eq!(sound(), [5, 25, 45, 65, 85, 105]);
    // What was left out belongs to frames that are yet to come, and nothing comes twice.
    bucket.0.lock().unwrap().1 = 0;
    gate.offer(&packet(Track::Video, 300, true));
    assert_eq!(sound(), [5, 25, 45, 65, 85, 105, 285, 305, 325, 345, 365, 385]);
    assert_eq!(gate.dropped, 1);
}

#[test]
fn a_key_frame_is_asked_for_where_there_is_room_for_what_follows() {
    gst::init().unwrap();
    let bucket = Bucket::default();
    let mut gate = Gate::default();
    assert!(!gate.lacks_key_frame(), "nobody is there");
    gate.open(Box::new(bucket.clone()));
    assert!(gate.lacks_key_frame());
    gate.offer(&packet(Track::Video, 0, true));
    assert!(!gate.lacks_key_frame());
    // It cannot keep up.
    bucket.0.lock().unwrap().1 = 11;
    gate.offer(&packet(Track::Video, 20, false));
    assert!(gate.is_waiting() && !gate.lacks_key_frame());
    bucket.0.lock().unwrap().1 = 0;
    assert!(gate.lacks_key_frame());
    // Too much waits in the system yet.
    (gate.most_waiting, gate.kbps) = (Duration::from_secs(3), 80);
    gate.strain = Strain { bytes: 20_000, ..Strain::default() };
    assert!(!gate.lacks_key_frame());
    gate.strain = Strain::default();
    assert!(gate.lacks_key_frame());
    gate.offer(&packet(Track::Video, 40, true));
    assert!(!gate.is_waiting());
}
