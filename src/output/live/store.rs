//! The segments that viewers may ask for now.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use gstreamer as gst;

use super::fmp4::{Run, media_segment};

/// Segments in the playlist.
const LISTED: usize = 6;
/// Seconds that a playlist says its longest segment lasts, unless one is longer: the usual distance of key frames, since the
/// first segment of a stream may be shorter than all that follow.
const LEAST_TARGET: u64 = 2;
/// What stands before that in a playlist (RFC 8216, section 4.3.3.1).
pub(super) const TARGET: &str = "#EXT-X-TARGETDURATION:";
/// Segments that are kept after they left the playlist, for viewers who have read an older one.
const KEPT_AFTER: usize = 3;

const PLAYER_PAGE: &str = include_str!("player.html");
const PLAYER_SCRIPT: &str = include_str!("player.js");

/// A file of the live stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFile {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// Whether a cache may keep it: what has this name stays the same.
    pub is_immutable: bool,
}

/// The live stream as files in memory: a page that plays it, a playlist and the segments of the last seconds.
///
/// In memory and not in a folder: a stream of many hours would write many gigabytes to a disk only to delete them,
/// and a playlist and its segments can be exchanged in one step here.
#[derive(Debug, Default)]
pub struct LiveStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    segments: VecDeque<Arc<Segment>>,
    /// The number of the next segment.
    published: u64,
    /// The number of the next initialisation segment.
    inits: u64,
    /// Seconds of the longest segment so far. What a playlist says of that must not change (RFC 8216, section 6.2.1), so it is
    /// never lowered, and where it must rise another part of the stream begins.
    target: u64,
    end: gst::ClockTime,
}

/// What a stream that goes on in a playlist of an earlier one needs to know of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::output) struct Continued {
    /// The number of the next segment.
    pub(super) segment: u64,
    /// The number of the next initialisation segment.
    pub(super) init: u64,
    /// Seconds that the playlist said that its longest segment lasts.
    pub(super) target: u64,
}

impl Continued {
    /// The greater of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            segment: self.segment.max(other.segment),
            init: self.init.max(other.init),
            target: self.target.max(other.target),
        }
    }
}

/// A segment and what is needed to play it.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) bytes: Bytes,
    pub(super) init: Arc<Init>,
    duration: gst::ClockTime,
}

/// What a decoder must know before it gets segments.
#[derive(Debug)]
pub(super) struct Init {
    pub(super) number: u64,
    pub(super) bytes: Bytes,
}

impl Segment {
    pub(super) fn name(&self) -> String {
        format!("segment-{}.m4s", self.number)
    }
}

impl Init {
    pub(super) fn name(&self) -> String {
        format!("init-{}.mp4", self.number)
    }
}

impl LiveStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that goes on after an earlier stream.
    pub(super) fn after(Continued { segment, init, target }: Continued) -> Self {
        Self { state: Mutex::new(State { published: segment, inits: init, target, ..State::default() }) }
    }

    /// The file of this name, as it is below `/live/`: the page for an empty name, `index.m3u8`, and what the page and
    /// the playlist ask for. `None` if there is none, or none yet: there is no playlist until the first segment is
    /// whole.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<LiveFile> {
        let text = |text: &'static str, content_type| LiveFile {
            bytes: Bytes::from_static(text.as_bytes()),
            content_type,
            is_immutable: false,
        };
        let media = |bytes: &Bytes| LiveFile { bytes: bytes.clone(), content_type: "video/mp4", is_immutable: true };
        match name {
            "" | "index.html" => Some(text(PLAYER_PAGE, "text/html; charset=utf-8")),
            "player.js" => Some(text(PLAYER_SCRIPT, "text/javascript; charset=utf-8")),
            "index.m3u8" => Some(LiveFile {
                bytes: self.playlist()?.into(),
                content_type: "application/vnd.apple.mpegurl",
                is_immutable: false,
            }),
            _ => {
                let state = self.lock();
                let mut segments = state.segments.iter();
                segments.find_map(|segment| match name {
                    _ if segment.name() == name => Some(media(&segment.bytes)),
                    _ if segment.init.name() == name => Some(media(&segment.init.bytes)),
                    _ => None,
                })
            }
        }
    }

    /// Segments that were published so far, those of earlier streams in the same folder among them.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.lock().published
    }

    /// When the last segment ends, on the timeline of all that was published.
    pub(super) fn end(&self) -> gst::ClockTime {
        self.lock().end
    }

    /// What one that goes on after this one needs to know.
    pub(in crate::output) fn continued(&self) -> Continued {
        let state = self.lock();
        Continued { segment: state.published, init: state.inits, target: state.target }
    }

    /// The segments of the playlist, and the playlist itself; `None` if there is nothing to play.
    pub(super) fn listing(&self) -> Option<(Vec<Arc<Segment>>, String)> {
        let state = self.lock();
        let listed: Vec<_> = state.segments.iter().skip(state.segments.len().saturating_sub(LISTED)).cloned().collect();
        let target = state.target.max(LEAST_TARGET);
        drop(state);
        let text = playlist(&listed, target)?;
        Some((listed, text))
    }

    fn playlist(&self) -> Option<String> {
        self.listing().map(|(_, text)| text)
    }

    /// Adds a segment that lasts `duration` and ends at `end`. The oldest is forgotten.
    pub(super) fn publish(
        &self,
        init: Vec<u8>,
        video: &Run,
        audio: &Run,
        duration: gst::ClockTime,
        end: gst::ClockTime,
    ) {
        let mut state = self.lock();
        let number = state.published;
        // To the nearest second (RFC 8216, section 4.3.3.1).
        let seconds = (duration.mseconds() + 500) / 1000;
        let fits = seconds <= state.target.max(LEAST_TARGET);
        state.target = state.target.max(seconds);
        let before = state.segments.back().map(|segment| Arc::clone(&segment.init));
        let init = match before {
            Some(before) if before.bytes == init && fits => before,
            _ => {
                state.inits += 1;
                Arc::new(Init { number: state.inits - 1, bytes: init.into() })
            }
        };
        // Numbers in the bytes begin at one and may wrap.
        #[expect(clippy::cast_possible_truncation, reason = "players do not compare them")]
        let bytes = media_segment((number + 1) as u32, video, audio).into();
        state.segments.push_back(Arc::new(Segment { number, bytes, init, duration }));
        state.published += 1;
        state.end = end;
        while state.segments.len() > LISTED + KEPT_AFTER {
            state.segments.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A media playlist after RFC 8216, of segments that last at most `target` seconds. Every change of the initialisation segment is a discontinuity, and nothing else
/// is, so the number of the first one counts those that have left the playlist.
fn playlist(segments: &[Arc<Segment>], target: u64) -> Option<String> {
    let first = segments.first()?;
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n{TARGET}{target}\n#EXT-X-MEDIA-SEQUENCE:{}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n",
        first.number, first.init.number
    );
    let mut init = None;
    for segment in segments {
        if init != Some(segment.init.number) {
            if init.is_some() {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            init = Some(segment.init.number);
            // Writing to a string does not fail.
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"{}\"", segment.init.name());
        }
        let micros = segment.duration.useconds();
        let _ = writeln!(text, "#EXTINF:{}.{:06},\n{}", micros / 1_000_000, micros % 1_000_000, segment.name());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(store: &LiveStore, init: &[u8]) {
        let end = store.end() + gst::ClockTime::from_seconds(2);
        store.publish(init.to_vec(), &Run::default(), &Run::default(), gst::ClockTime::from_mseconds(1999), end);
    }

    #[test]
    fn the_playlist_slides_and_what_it_names_is_there() {
        let store = LiveStore::new();
        assert_eq!(store.get("index.m3u8"), None);
        for published in 1..30 {
            publish(&store, b"init");
            let playlist = String::from_utf8(store.get("index.m3u8").unwrap().bytes.to_vec()).unwrap();
            let names: Vec<_> = playlist.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(names.len(), published.min(LISTED));
            assert_eq!(*names.last().unwrap(), format!("segment-{}.m4s", published - 1));
            assert!(names.iter().all(|name| store.get(name).is_some_and(|file| file.is_immutable)));
            assert!(store.get("init-0.mp4").is_some());
            assert!(playlist.contains("#EXT-X-TARGETDURATION:2\n"), "{playlist}");
        }
        assert!(store.lock().segments.len() <= LISTED + KEPT_AFTER);
        assert_eq!(store.get("segment-0.m4s"), None);
        assert_eq!(store.get("../secret"), None);
    }

    #[test]
    fn the_longest_segment_is_never_said_to_be_shorter_and_where_it_is_longer_another_part_begins() {
        let store = LiveStore::new();
        let told = |seconds: &[u64]| {
            for seconds in seconds {
                let length = gst::ClockTime::from_seconds(*seconds);
                store.publish(b"init".to_vec(), &Run::default(), &Run::default(), length, store.end() + length);
            }
            let (_, text) = store.listing().unwrap();
            let target = text.lines().find_map(|line| line.strip_prefix("#EXT-X-TARGETDURATION:")).unwrap().to_owned();
            (target, text.matches("#EXT-X-DISCONTINUITY\n").count())
        };
        assert_eq!(told(&[1, 2, 2]), ("2".to_owned(), 0));
        assert_eq!(told(&[4]), ("4".to_owned(), 1));
        assert_eq!(told(&[1, 4]), ("4".to_owned(), 1));
        assert_eq!(told(&[1; 20]), ("4".to_owned(), 0));
    }

    #[test]
    fn a_change_of_the_encoder_is_a_discontinuity() {
        let store = LiveStore::new();
        for init in [&b"a"[..], b"a", b"b", b"b", b"b", b"b", b"b", b"b"] {
            publish(&store, init);
        }
        let (_, text) = store.listing().unwrap();
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
        publish(&store, b"c");
        let (_, text) = store.listing().unwrap();
        assert!(text.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-2.mp4\"\n"), "{text}");
    }
}
