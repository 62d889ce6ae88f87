//! Which codecs go to which destination.

use super::{
    destination::Destination,
    values::{AudioCodec, VideoCodec},
};

/// What the one encode makes; `audio` is `None` for a stream without sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codecs {
    /// The pictures.
    pub video: VideoCodec,
    /// The sound.
    pub audio: Option<AudioCodec>,
}

/// A kind of destination, and what can be sent there.
struct Container {
    /// What it is called.
    name: &'static str,
    video: &'static [VideoCodec],
    audio: &'static [AudioCodec],
}

const ANY_SOUND: &[AudioCodec] = &[AudioCodec::Aac, AudioCodec::Opus];

static FLV: Container = Container { name: ".flv", video: &[VideoCodec::H264], audio: &[AudioCodec::Aac] };
static RTMP: Container = Container { name: "rtmp://", ..FLV };
static SRT: Container = Container { name: "srt://", video: &[VideoCodec::H264], audio: ANY_SOUND };
/// No Opus: `mp4mux` of GStreamer 1.22 writes the numbers of `dOps` in the wrong order of bytes, and players then leave out the
/// first third of a second as if it were pre-skip.
static MP4: Container = Container { name: ".mp4", ..FLV };
static MKV: Container =
    Container { name: ".mkv", video: &[VideoCodec::H264, VideoCodec::Vp8, VideoCodec::Vp9], audio: ANY_SOUND };
static WEBM: Container =
    Container { name: ".webm", video: &[VideoCodec::Vp8, VideoCodec::Vp9], audio: &[AudioCodec::Opus] };
static HLS: Container = Container { name: "HLS", video: &[VideoCodec::H264], audio: &[AudioCodec::Aac] };
/// Pictures of the stream. They can be made of whatever is encoded.
static JPG: Container = Container { name: ".jpg", ..MKV };

fn all() -> [&'static Container; 7] {
    [&RTMP, &SRT, &MP4, &MKV, &WEBM, &FLV, &HLS]
}

impl Container {
    /// That of a destination.
    fn of(destination: &Destination) -> &'static Self {
        let text = destination.expose().to_ascii_lowercase();
        let by_ending = || all().into_iter().find(|known| known.name.starts_with('.') && text.ends_with(known.name));
        match text.split_once("://") {
            Some(("srt", _)) => &SRT,
            Some(_) => &RTMP,
            None if destination.is_thumbnails() => &JPG,
            None => by_ending().unwrap_or(&HLS),
        }
    }

    fn takes(&self, codecs: Codecs) -> bool {
        self.video.contains(&codecs.video) && codecs.audio.is_none_or(|audio| self.audio.contains(&audio))
    }
}

impl Codecs {
    /// Whether all that is encoded can be sent to `destination`.
    ///
    /// # Errors
    /// It cannot: what that destination takes, and which take what is encoded, in words for people.
    pub fn fit(self, destination: &Destination) -> Result<(), String> {
        let container = Container::of(destination);
        if container.takes(self) {
            return Ok(());
        }
        let listed = |words: Vec<&str>| words.join(" or ");
        let video = listed(container.video.iter().map(|codec| codec.as_str()).collect());
        let audio = listed(container.audio.iter().map(|codec| codec.as_str()).collect());
        let fitting: Vec<&str> = all().into_iter().filter(|known| known.takes(self)).map(|known| known.name).collect();
        let own = match self.audio {
            Some(audio) => format!("`{}` with `{audio}`", self.video),
            None => format!("`{}`", self.video),
        };
        let elsewhere = match fitting[..] {
            [] => "nothing takes".to_owned(),
            [one] => format!("{one} takes"),
            _ => format!("{} take", fitting.join(", ")),
        };
        Err(format!("{} takes {video} with {audio}; {elsewhere} {own}, which is encoded here", container.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_what_does() {
        let of = |video, audio| Codecs { video, audio };
        let fit = |codecs: Codecs, to: &str| codecs.fit(&Destination::parse(to).unwrap());
        let usual = of(VideoCodec::H264, Some(AudioCodec::Aac));
        for to in ["rtmp://a/b/c", "srt://a:1", "a.mp4", "a.MKV", "a.flv", "a/index.m3u8", Destination::LIVE] {
            assert_eq!(fit(usual, to), Ok(()), "{to}");
        }
        assert_eq!(
            fit(usual, "a.webm"),
            Err(".webm takes vp8 or vp9 with opus; rtmp://, srt://, .mp4, .mkv, .flv, HLS take `h264` with `aac`, which \
                 is encoded here"
                .to_owned())
        );
        let free = of(VideoCodec::Vp9, Some(AudioCodec::Opus));
        assert_eq!((fit(free, "a.webm"), fit(free, "a.mkv")), (Ok(()), Ok(())));
        let told = fit(free, "rtmps://a/b/c").unwrap_err();
        assert!(told.starts_with("rtmp:// takes h264 with aac; .mkv, .webm take `vp9` with `opus`"), "{told}");
        assert_eq!((fit(free, "a.jpg"), fit(usual, "a.JPG")), (Ok(()), Ok(())));
        let opus = of(VideoCodec::H264, Some(AudioCodec::Opus));
        assert_eq!(
            fit(opus, "a.mp4"),
            Err(".mp4 takes h264 with aac; srt://, .mkv take `h264` with `opus`, which is encoded here".to_owned())
        );
        assert!(fit(of(VideoCodec::Vp8, None), "a.webm").is_ok());
        assert!(fit(of(VideoCodec::Vp8, Some(AudioCodec::Aac)), "a.webm").is_err());
    }
}
