//! Output to an RTMP server.

use gstreamer::prelude::*;

use super::{
    destination::RtmpUrl,
    elements::{MissingElement, make},
    pipeline::MuxAndSink,
};

/// Packets that reach the sink when the server has taken the stream: the first waits in the sink until then.
pub(super) const PACKETS_WHEN_CONNECTED: u64 = 2;

/// A muxer, and a sink that sends to `url`.
///
/// A stream may change its format on the way: `flvmux` then sends the decoder's headers again. nginx passes them on, and
/// keeps them for those who come later; ffmpeg, and so most players, go on in the new frame size.
pub(super) fn parts(url: &RtmpUrl) -> Result<MuxAndSink, MissingElement> {
    let mux = make("flvmux")?;
    mux.set_property("streamable", true);
    let sink = make("rtmp2sink")?;
    sink.set_property("location", url.secret());
    // Frames come at their pace already, and a reconnected stream begins at a late time.
    sink.set_property("sync", false);
    Ok(MuxAndSink { mux, pads: ("video", "audio"), sink, takes_headers: false, holds_one_format: false })
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server has not taken the stream yet.
    Connecting,
    /// It has just taken it.
    Beginning,
    /// It has been taking it for a while.
    Sending,
}

/// What the pipeline reported in this phase, for people, without secrets.
pub(super) fn explain(url: &RtmpUrl, text: &str, phase: Phase) -> String {
    let host = url.host();
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let reason = if says(&["connection refused"]) {
        "it refused the connection; is the server running, and the port right?".to_owned()
    } else if says(&["resolving", "name or service not known", "temporary failure in name"]) {
        "no host of this name is known; check the address and the name server".to_owned()
    } else if says(&["timed out", "timeout"]) && phase != Phase::Connecting {
        "it has stopped taking data; connecting anew".to_owned()
    } else if says(&["timed out", "timeout"]) {
        "it did not answer in time; is a firewall in the way?".to_owned()
    } else if says(&["tls", "certificate"]) {
        format!("no secure connection came about ({})", first_line(url, text))
    } else if says(&["publish", "not authorized", "permission denied", "authent", "badname"]) {
        "it refused the stream; check the application and the stream key".to_owned()
    } else if says(&["broken pipe", "connection reset", "connection closed", "eof", "disconnected", "cancelled"]) {
        // Most servers say no more than this to a stream that they do not want.
        let hint = "; check the application and the stream key";
        match phase {
            Phase::Connecting => format!("it closed the connection before it took the stream{hint}"),
            Phase::Beginning => format!("it closed the connection when the stream had just begun{hint}"),
            Phase::Sending => "it closed the connection".to_owned(),
        }
    } else {
        first_line(url, text)
    };
    format!("cannot send to {host}: {reason}")
}

fn first_line(url: &RtmpUrl, text: &str) -> String {
    url.redact(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use gstreamer as gst;

    use super::*;

    #[test]
    fn the_sink_gets_the_whole_address() {
        gst::init().unwrap();
        let url = "rtmps://live.example/app/instance/key_1-x?auth=a%2Bb&c=d".parse().unwrap();
        let sink = parts(&url).unwrap().sink;
        let property = |name| sink.property::<Option<String>>(name).unwrap_or_default();
        assert_eq!(property("host"), "live.example");
        assert_eq!(property("application"), "app/instance");
        assert_eq!(property("stream"), "key_1-x?auth=a%2Bb&c=d");
        assert_eq!(sink.property::<i32>("port"), 443);
    }

    #[test]
    fn errors_tell_people_what_to_do_and_no_secret() {
        let url = "rtmp://live.example/app/live_key_1".parse().unwrap();
        for (text, words) in [
            ("Failed to connect\nCould not connect to live.example: Connection refused", "is the server running"),
            ("Error resolving “live.example”: Name or service not known", "no host of this name"),
            ("Connection error: Socket I/O timed out", "did not answer in time"),
            ("strange words about live_key_1", "strange words about ***"),
            ("Connection closed remotely", "before it took the stream; check the application and the stream key"),
        ] {
            let explained = explain(&url, text, Phase::Connecting);
            assert!(explained.contains(words) && explained.contains("live.example"), "{explained}");
            assert!(!explained.contains("live_key_1"), "{explained}");
        }
        let closed = |phase| explain(&url, "Connection closed remotely", phase);
        assert!(closed(Phase::Beginning).ends_with("had just begun; check the application and the stream key"));
        assert!(closed(Phase::Sending).ends_with("it closed the connection"));
    }
}
