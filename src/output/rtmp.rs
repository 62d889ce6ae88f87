//! Output to an RTMP server.

use gstreamer::prelude::*;

use super::{
    backoff::Farewell,
    destination::RtmpUrl,
    elements::{MissingElement, make},
    pipeline::MuxAndSink,
    split::Split,
};

/// What is said of a server that says far more than it has to.
pub(super) const FLOODS: &str = "floods";

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
    Ok(MuxAndSink {
        mux,
        pads: ("video", "audio"),
        video_parser: None,
        sink,
        takes_headers: false,
        tells_when_taken: true,
        answers: None,
        holds_one_format: false,
        split: Split::default(),
    })
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

/// What the pipeline reported in this phase, for people, without secrets; and what that says of the server.
pub(super) fn explain(url: &RtmpUrl, text: &str, phase: Phase) -> (Farewell, String) {
    let (farewell, reason) = reason(url, text, phase);
    (farewell, format!("cannot send to {}: {reason}", url.host()))
}

/// The words are those of `rtmp2sink`: `'connect' cmd failed` and `'publish' cmd failed` name the request at which the
/// server, which has shaken hands by then, closed the connection or answered with an error; `Not authorized` says
/// that it wants a password, or that it denies to publish.
fn reason(url: &RtmpUrl, text: &str, phase: Phase) -> (Farewell, String) {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let lost = |words: &str| (Farewell::Lost, words.to_owned());
    let absent = |words: &str| (Farewell::Absent, words.to_owned());
    let is_closed = says(&["broken pipe", "connection reset", "connection closed", "eof", "disconnected", "cancelled"]);
    let at_request = says(&["'connect' cmd failed", "'publish' cmd failed", "'createstream' cmd failed"]);
    // Most servers say no more than this to a stream that they do not want.
    let hint = "check the application and the stream key";
    if text == FLOODS {
        lost("it says far more than a server has to that takes a stream; is it one for RTMP? connecting anew")
    } else if says(&["connection refused"]) {
        absent("it refused the connection; is the server running, and the port right?")
    } else if says(&["resolving", "name or service not known", "temporary failure in name"]) {
        absent("no host of this name is known; check the address and the name server")
    } else if says(&["timed out", "timeout"]) && says(&["could not connect to"]) {
        absent("it did not answer in time; is a firewall in the way?")
    } else if says(&["timed out", "timeout"]) && phase != Phase::Connecting {
        lost("it has stopped taking data; connecting anew")
    } else if says(&["timed out", "timeout"]) && url.is_secure() {
        lost("it did not answer in time; is it a server that takes rtmp:// only, or is a firewall in the way?")
    } else if says(&["timed out", "timeout"]) {
        lost("it did not answer in time; is a firewall in the way?")
    } else if says(&["short read", "rtmp version"]) && phase == Phase::Connecting {
        lost(
            "what answers there does not speak RTMP; check the address and the port, or whether it takes rtmps:// only",
        )
    } else if says(&["stream already exists", "badname"]) {
        // As likely as not the server has not noticed yet that our last connection is gone.
        lost("a stream with this key is being sent to it already")
    } else if says(&["no username", "authmod", "authentication"]) {
        (Farewell::Refused, "it asks for a user name and a password, or does not take those in the address".to_owned())
    } else if says(&["not authorized", "permission denied", "publish denied"]) || (at_request && !is_closed) {
        (Farewell::Refused, format!("it refused the stream; {hint}"))
    } else if is_closed {
        match phase {
            Phase::Connecting if !at_request && !says(&["connection error"]) => {
                lost("it closed the connection before a word was said; it may be starting")
            }
            // The sink often does not say at which request.
            Phase::Connecting => {
                let words = "it closed the connection as soon as the stream was to be published";
                (Farewell::TurnedAway, words.to_owned())
            }
            Phase::Beginning => (
                Farewell::CutShort,
                "it closed the connection when the stream had just begun; its log may say why".to_owned(),
            ),
            Phase::Sending => lost("it closed the connection"),
        }
    } else if says(&["tls", "certificate"]) {
        (Farewell::Lost, format!("no secure connection came about ({})", first_line(url, text)))
    } else if says(&["could not connect to"]) {
        (Farewell::Absent, first_line(url, text))
    } else {
        (Farewell::Lost, first_line(url, text))
    }
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
        use Farewell::{Absent, Lost, Refused, TurnedAway};
        let url = "rtmp://live.example/app/live_key_1".parse().unwrap();
        let denied =
            "Failed to connect: 'publish' cmd failed: onStatus: { \"level\": \"error\", \"code\": \"live_key_1\" }";
        for (text, farewell, words) in [
            (
                "Failed to connect\nCould not connect to live.example: Connection refused",
                Absent,
                "is the server running",
            ),
            ("Error resolving “live.example”: Name or service not known", Absent, "no host of this name"),
            (
                "Failed to connect: Could not connect to live.example: Socket I/O timed out",
                Absent,
                "is a firewall in the way",
            ),
            ("Failed to connect: Could not connect to live.example: Network is unreachable", Absent, "unreachable"),
            ("Connection error: Socket I/O timed out", Lost, "did not answer in time"),
            (
                "Failed to connect: Short read (want 3073 have 49)",
                Lost,
                "does not speak RTMP; check the address and the port",
            ),
            ("strange words about live_key_1", Lost, "strange words about ***"),
            ("Failed to connect: Error receiving data: Connection reset by peer", Lost, "before a word was said"),
            ("Connection error: connection closed remotely", TurnedAway, "was to be published"),
            ("Failed to connect: 'connect' cmd failed: connection closed remotely", TurnedAway, "was to be published"),
            ("Failed to connect: 'publish' cmd failed: connection closed remotely", TurnedAway, "was to be published"),
            (
                "Not authorized to connect: publish denied: { \"code\": \"live_key_1\" }",
                Refused,
                "it refused the stream",
            ),
            ("Not authorized to connect: no username for adobe authentication", Refused, "a user name and a password"),
            (denied, Refused, "it refused the stream; check the application and the stream key"),
            (
                "Failed to connect: publish denied; stream already exists: { \"code\": \"B\" }",
                Lost,
                "is being sent to it already",
            ),
        ] {
            let (told, explained) = explain(&url, text, Phase::Connecting);
            assert!(explained.contains(words) && explained.contains("live.example"), "{explained}");
            assert!(!explained.contains("live_key_1"), "{explained}");
            assert_eq!(told, farewell, "{text}");
        }
        let secure = "rtmps://live.example/app/live_key_1".parse().unwrap();
        let (farewell, words) = explain(&secure, "Connection error: Socket I/O timed out", Phase::Connecting);
        assert!(farewell == Lost && words.contains("takes rtmp:// only"), "{words}");
        let closed = |phase| explain(&url, "Connection error: connection closed remotely", phase);
        let (farewell, words) = closed(Phase::Beginning);
        assert!(words.contains("had just begun; its log may say why"), "{words}");
        assert_eq!(farewell, Farewell::CutShort);
        assert!(matches!(closed(Phase::Sending), (Lost, words) if words.ends_with("it closed the connection")));
    }
}
