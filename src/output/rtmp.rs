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
pub(super) fn parts(url: &RtmpUrl) -> Result<MuxAndSink, MissingElement> {
    let mux = make("flvmux")?;
    mux.set_property("streamable", true);
    let sink = make("rtmp2sink")?;
    sink.set_property("location", url.secret());
    // Frames come at their pace already, and a reconnected stream begins at a late time.
    sink.set_property("sync", false);
    Ok(MuxAndSink { mux, pads: ("video", "audio"), sink, takes_headers: false })
}

/// What the pipeline reported, for people, without secrets. `had_begun` tells whether the server had taken the stream.
pub(super) fn explain(url: &RtmpUrl, text: &str, had_begun: bool) -> String {
    let host = url.host();
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let reason = if says(&["connection refused"]) {
        "it refused the connection; is the server running, and the port right?".to_owned()
    } else if says(&["resolving", "name or service not known", "temporary failure in name"]) {
        "no host of this name is known; check the address and the name server".to_owned()
    } else if says(&["timed out", "timeout"]) && had_begun {
        "it has stopped taking data; connecting anew".to_owned()
    } else if says(&["timed out", "timeout"]) {
        "it did not answer in time; is a firewall in the way?".to_owned()
    } else if says(&["tls", "certificate"]) {
        format!("no secure connection came about ({})", first_line(url, text))
    } else if says(&["publish", "not authorized", "permission denied", "authent", "badname"]) {
        "it refused the stream; check the application and the stream key".to_owned()
    } else if says(&["broken pipe", "connection reset", "connection closed", "eof", "disconnected", "cancelled"]) {
        // Most servers say no more than this to a stream that they do not want.
        let hint = if had_begun { "" } else { " before it took the stream; check the application and the stream key" };
        format!("it closed the connection{hint}")
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
        ] {
            let explained = explain(&url, text, false);
            assert!(explained.contains(words) && explained.contains("live.example"), "{explained}");
            assert!(!explained.contains("live_key_1"), "{explained}");
        }
    }
}
