//! The types of settings that have a type of their own.

use std::fmt;

use serde::{Serialize, Serializer};

/// A value that is one of a few words.
pub(super) trait Words: Copy + PartialEq + 'static {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)];
    /// Words that a later version will know, with why this one refuses them.
    const REFUSED: &'static [(&'static str, &'static str)] = &[];
}

macro_rules! words {
    (
        $(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal ),+ $(,)? }
        $( refused { $( $refused:literal => $why:literal ),+ $(,)? } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[$doc])* $variant ),+ }

        impl Words for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
            $( const REFUSED: &'static [(&'static str, &'static str)] = &[$(($refused, $why)),+]; )?
        }

        impl $name {
            /// The word by which settings name it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word ),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// How carefully layers are sampled and effects are drawn.
    Quality {
        /// Fastest.
        Low = "low",
        /// Between.
        Medium = "medium",
        /// Best.
        High = "high",
        /// Best that the machine keeps up with.
        Auto = "auto",
    }
}

words! {
    /// The video codec.
    VideoCodec {
        /// H.264, which every platform takes.
        H264 = "h264",
        /// VP8, for WebM and Matroska.
        Vp8 = "vp8",
        /// VP9, for WebM and Matroska: smaller, and more work.
        Vp9 = "vp9",
    }
}

words! {
    /// The audio codec.
    AudioCodec {
        /// AAC, which every platform takes.
        Aac = "aac",
        /// Opus, which sounds better at few bits.
        Opus = "opus",
    }
}

words! {
    /// How much time x264 takes to make the picture smaller.
    #[expect(missing_docs, reason = "x264's names")]
    Preset {
        Ultrafast = "ultrafast",
        Superfast = "superfast",
        Veryfast = "veryfast",
        Faster = "faster",
        Fast = "fast",
        Medium = "medium",
    }
}

words! {
    /// Which encoder of the machine's hardware is used: any of a family, or a GStreamer element.
    #[expect(missing_docs, reason = "names of elements")]
    HardwareAcceleration {
        /// None: x264 encodes on the processor.
        None = "none",
        /// One that is there, or none.
        Auto = "auto",
        /// One of NVIDIA's.
        Nvenc = "nvenc",
        /// One by VA-API.
        Vaapi = "vaapi",
        /// One by Intel Quick Sync.
        Qsv = "qsv",
        /// One by Video4Linux.
        V4l2 = "v4l2",
        Nvh264enc = "nvh264enc",
        Vah264enc = "vah264enc",
        Vaapih264enc = "vaapih264enc",
        Qsvh264enc = "qsvh264enc",
        V4l2h264enc = "v4l2h264enc",
    }
}

words! {
    /// The least important messages that are logged.
    #[expect(missing_docs, reason = "they say themselves")]
    LogLevel {
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}

words! {
    /// How log lines look.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// What the instance is for.
    #[expect(missing_docs, reason = "they say themselves")]
    Environment {
        Development = "development",
        Production = "production",
        Test = "test",
    }
}

/// Size of the picture in pixels: even, 16x16 to 3840x2160.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Resolution {
    /// Names for common sizes.
    const NAMES: [(&'static str, Self); 6] = [
        ("360p", Self::new(640, 360)),
        ("480p", Self::new(854, 480)),
        ("720p", Self::new(1280, 720)),
        ("1080p", Self::new(1920, 1080)),
        ("1440p", Self::new(2560, 1440)),
        ("2160p", Self::new(3840, 2160)),
    ];

    const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Reads `1920x1080` and names such as `720p`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((_, named)) = Self::NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(*named);
        }
        let (width, height) = text.split_once(['x', 'X', '×'])?;
        let side = |text: &str| -> Option<u32> {
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
        };
        let (width, height) = (side(width)?, side(height)?);
        let even = width % 2 == 0 && height % 2 == 0;
        (even && (16..=3840).contains(&width) && (16..=2160).contains(&height)).then_some(Self { width, height })
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl Serialize for Resolution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
