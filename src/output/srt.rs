//! Output to a program that listens for SRT, as MPEG-TS.

use gstreamer::prelude::*;

use super::{
    backoff::Farewell,
    destination::SrtUrl,
    elements::{MissingElement, make},
    pipeline::MuxAndSink,
    split::Split,
};

/// Packets of MPEG-TS in one of SRT: 7 times 188 bytes, the most that fits where Ethernet is on the way.
const PACKETS_AT_ONCE: i32 = 7;

/// A muxer, and a sink that calls `url`.
pub(super) fn parts(url: &SrtUrl) -> Result<MuxAndSink, MissingElement> {
    // MPEG-TS has no place for a decoder's headers but in front of each key frame.
    let parser = make("h264parse")?;
    parser.set_property("config-interval", -1);
    let mux = make("mpegtsmux")?;
    mux.set_property("alignment", PACKETS_AT_ONCE);
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
        holds_one_format: false,
        split: Split::default(),
    })
}

/// What the pipeline reported, for people. The library has one sentence for all that can be wrong with a connection.
pub(super) fn explain(url: &SrtUrl, text: &str, is_sending: bool) -> (Farewell, String) {
    tracing::debug!("SRT: {}", text.lines().next().unwrap_or_default());
    let reason = match is_sending {
        true if text == "timed out" => "it has stopped taking data; connecting anew",
        true => "the connection was lost",
        false => {
            "no connection came about; does a program listen there for SRT over UDP, and do stream id and passphrase agree \
             with its own?"
        }
    };
    (Farewell::Lost, format!("cannot send to {}: {reason}", url.host()))
}
