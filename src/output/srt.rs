//! Output to a program that listens for SRT, as MPEG-TS.

use gstreamer::{self as gst, prelude::*};

use super::{
    backoff::Farewell,
    destination::SrtUrl,
    elements::{MissingElement, make},
    pipeline::MuxAndSink,
    split::Split,
};

/// Packets of MPEG-TS in one of SRT: 7 times 188 bytes, the most that fits where Ethernet is on the way.
const PACKETS_AT_ONCE: i32 = 7;

/// What is said of a listener that does not answer any more.
pub(super) const SILENT: &str = "silent";

/// What is said of a name server that does not answer.
pub(super) const UNNAMED: &str = "unnamed";
/// What is said before its answer if there is no such name.
pub(super) const UNKNOWN: &str = "unknown host";

/// A muxer, and a sink that calls `url`.
pub(super) fn parts(url: &SrtUrl) -> Result<MuxAndSink, MissingElement> {
    // MPEG-TS has no place for a decoder's headers but in front of each key frame.
    let parser = make("h264parse")?;
    parser.set_property("config-interval", -1);
    let mux = make("mpegtsmux")?;
    mux.set_property("alignment", PACKETS_AT_ONCE);
    if let Some(pad) = mux.static_pad("src") {
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
            let plain = info.event().and_then(without_headers);
            if let Some(event) = plain {
                info.data = Some(gst::PadProbeData::Event(event));
            }
            gst::PadProbeReturn::Ok
        });
    }
    let sink = make("srtsink")?;
    sink.set_property("uri", url.secret());
    sink.set_property("sync", false);
    // Who tries again, and when, is decided here.
    if sink.has_property("auto-reconnect") {
        sink.set_property("auto-reconnect", false);
    }
    let pads = ("sink_%d", "sink_%d");
    Ok(MuxAndSink {
        mux,
        pads,
        video_parser: Some(parser),
        sink,
        takes_headers: false,
        tells_when_taken: false,
        answers: Some(answers),
        holds_one_format: false,
        split: Split::default(),
    })
}

/// The same event without the headers of the stream, if it names any. `srtsink` would send them first, and when the
/// listener has turned it away by then, it says that there is no connection, and not why. They are in the stream
/// itself too, over and over.
fn without_headers(event: &gst::Event) -> Option<gst::Event> {
    let gst::EventView::Caps(event) = event.view() else { return None };
    let mut caps = event.caps_owned();
    caps.structure(0)?.has_field("streamheader").then(|| {
        if let Some(structure) = caps.make_mut().structure_mut(0) {
            structure.remove_field("streamheader");
        }
        gst::event::Caps::builder(&caps).seqnum(event.seqnum()).build()
    })
}

/// How much of what a listener says it has said: the packets by which it answers. `None` if nothing is known.
pub(super) fn answers(sink: &gst::Element) -> Option<u64> {
    let stats = sink.property::<Option<gst::Structure>>("stats")?;
    let count = |name| stats.get::<i32>(name).ok().map(i32::unsigned_abs);
    Some(u64::from(count("packet-ack-received")?) + u64::from(count("packet-nack-received")?))
}

/// What the pipeline reported, for people, and what that says of the listener. The words behind it are those of the
/// library (`srt_rejectreason_str`).
pub(super) fn explain(url: &SrtUrl, text: &str, is_sending: bool) -> (Farewell, String) {
    tracing::debug!("SRT: {}", text.lines().next().unwrap_or_default());
    let (farewell, reason) = reason(&text.to_lowercase(), is_sending);
    (farewell, format!("cannot send to {}: {reason}", url.host()))
}

fn reason(text: &str, is_sending: bool) -> (Farewell, &'static str) {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match is_sending {
        true if text == SILENT => (Farewell::Lost, "it answers no more; connecting anew"),
        true if text == "timed out" => (Farewell::Lost, "it has stopped taking data; connecting anew"),
        true => (Farewell::Lost, "the connection was lost"),
        false if text == UNNAMED => (Farewell::Absent, "the name server does not answer where that is; check it"),
        false if text.starts_with(UNKNOWN) => {
            (Farewell::Absent, "no host of this name is known; check the address and the name server")
        }
        false if says(&["incorrect passphrase"]) => {
            (Farewell::Refused, "the passphrase is not the one that is expected there; check `passphrase`")
        }
        false if says(&["password required or unexpected"]) => (
            Farewell::Refused,
            "one side wants encryption and the other does not; give the `passphrase` that is expected there, or none",
        ),
        // A server may have such words for a stream that it has already, too.
        false if says(&["peer rejected", "application-defined"]) => {
            (Farewell::TurnedAway, "it does not take this stream; check `streamid`")
        }
        false if says(&["backlog exceeded", "resource allocation"]) => {
            (Farewell::Lost, "it has no room for another connection")
        }
        false => (Farewell::Lost, "no connection came about; does a program listen there for SRT over UDP?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_let_us_in_is_told_apart_from_who_is_not_there() {
        let url = "srt://live.example:9000?passphrase=very-secret-words".parse().unwrap();
        let failed = |reason| format!("Failed to write to SRT socket: {reason}\nsink: very-secret-words");
        for (reason, farewell, words) in [
            ("Failed to authenticate: Incorrect passphrase", Farewell::Refused, "check `passphrase`"),
            ("Failed to authenticate: Password required or unexpected", Farewell::Refused, "or none"),
            ("Error on SRT socket: Peer rejected connection", Farewell::TurnedAway, "check `streamid`"),
            ("Error on SRT socket: Application-defined rejection reason", Farewell::TurnedAway, "check `streamid`"),
            ("Error on SRT socket: Listener's backlog exceeded", Farewell::Lost, "no room"),
            ("Error on SRT socket: Connection timeout", Farewell::Lost, "does a program listen there"),
            ("Connection does not exist", Farewell::Lost, "does a program listen there"),
        ] {
            let (told, explained) = explain(&url, &failed(reason), false);
            assert!(explained.contains(words) && explained.contains("live.example:9000"), "{explained}");
            assert!(!explained.contains("very-secret"), "{explained}");
            assert_eq!(told, farewell, "{reason}");
            assert_eq!(explain(&url, &failed(reason), true).0, Farewell::Lost, "it had let us in");
        }
    }
}
