//! The table of settings: one entry, one setting. To add a setting, add an entry.
//!
//! An entry's comment is its description everywhere: in `--help`, `.env.example`, the example TOML file and the README.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

use serde_json::Value;

use super::{
    destination::Destination,
    fault::Origin,
    form::{
        Address, Form, Goal, Hidden, HiddenUrl, List, Name, Optional, Path, PictureSize, RenditionForm, Seconds,
        Switch, WebOrigin, one_of, whole, whole_or,
    },
    read::Reader,
    rendition::{self, RenditionSetting},
    secret::Secret,
    values::{
        AudioCodec, Environment, HardwareAcceleration, LogFormat, LogLevel, Preset, Quality, Resolution, VideoCodec,
    },
};

/// What a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the headings say what they hold")]
pub enum Group {
    Listening,
    Picture,
    Encoding,
    Audio,
    Output,
    State,
    Work,
    RtmpServer,
    Logging,
    Integrations,
}

impl Group {
    /// The group's heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Listening => "Listening",
            Self::Picture => "Picture",
            Self::Encoding => "Encoding",
            Self::Audio => "Audio",
            Self::Output => "Output",
            Self::State => "State",
            Self::Work => "Work and memory",
            Self::RtmpServer => "RTMP server",
            Self::Logging => "Logging",
            Self::Integrations => "Integrations",
        }
    }
}

/// What is known of a setting, apart from its value.
pub struct Setting {
    /// The name of its field in [`Settings`].
    pub field: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag on the command line without the dashes: the variable in lower case with `-` for `_`.
    pub flag: &'static str,
    /// Its key in the TOML file, after its table's name and a dot if it is in one.
    pub key: &'static str,
    /// Its default as it would be written; empty if it is not set unless somebody sets it.
    pub default: &'static str,
    /// What it does, in one or more sentences.
    pub about: &'static str,
    /// What it is about.
    pub group: Group,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Whether it can be changed while the service runs. What a change does is in the hands of [`Apply`](super::Apply).
    pub live: bool,
    /// Whether this version only checks it: what it steers comes later.
    pub later: bool,
    pub(super) expected: fn() -> String,
}

impl Setting {
    /// What its value looks like, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        (self.expected)()
    }

    /// Finds a setting by the name of its field.
    #[must_use]
    pub fn by_field(field: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.field == field)
    }
}

/// The flag of a variable of `N` letters.
const fn flag_of<const N: usize>(variable: &str) -> [u8; N] {
    let mut flag = [0; N];
    let mut index = 0;
    while index < N {
        flag[index] = match variable.as_bytes()[index] {
            b'_' => b'-',
            letter => letter.to_ascii_lowercase(),
        };
        index += 1;
    }
    flag
}

fn expected<T, F: Form<Value = T>>(form: &F) -> String {
    form.expected()
}

fn show<T, F: Form<Value = T>>(form: &F, value: &T) -> Value {
    form.show(value)
}

macro_rules! settings {
    ($(
        $group:ident {
            $(
                #[doc = $first:literal] $(#[doc = $more:literal])*
                $field:ident: $type:ty = $form:expr,
                $variable:literal, $key:literal, default $default:literal $(, $mark:ident)*;
            )+
        }
    )+) => {
        /// Every setting's value, and where it came from.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $($(
                #[doc = $first] $(#[doc = $more])*
                pub $field: $type,
            )+)+
            origins: BTreeMap<&'static str, Origin>,
        }

        /// All settings, in the order in which people are shown them.
        pub static SETTINGS: &[Setting] = &[$($(
            Setting {
                field: stringify!($field),
                variable: $variable,
                flag: {
                    const FLAG: &[u8] = &flag_of::<{ $variable.len() }>($variable);
                    match std::str::from_utf8(FLAG) {
                        Ok(flag) => flag,
                        Err(_) => $variable,
                    }
                },
                key: $key,
                default: $default,
                about: concat!($first $(, "\n", $more)*),
                group: Group::$group,
                secret: false $(|| matches!(stringify!($mark).as_bytes(), b"secret"))*,
                live: false $(|| matches!(stringify!($mark).as_bytes(), b"live"))*,
                later: false $(|| matches!(stringify!($mark).as_bytes(), b"later"))*,
                expected: || expected::<$type, _>(&$form),
            },
        )+)+];

        impl Settings {
            /// Reads each setting; `None` if `reader` met a fault.
            pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
                $($(
                    let $field: Option<$type> = reader.read(stringify!($field), &$form);
                )+)+
                Some(Self {
                    $($( $field: $field?, )+)+
                    origins: reader.origins(),
                })
            }

            /// Takes back what differs from `before` but cannot change while the service runs. Returns the names of
            /// those fields.
            pub(super) fn keep_fixed(&mut self, before: &Self) -> Vec<&'static str> {
                let mut kept = Vec::new();
                // Sizes and variants are drawn and encoded from the start on; of these settings the bitrates are live.
                let has_others = !rendition::are_alike(&self.stream_renditions, &before.stream_renditions);
                $($(
                    let live = false $(|| matches!(stringify!($mark).as_bytes(), b"live"))*;
                    let live = live && !(has_others && stringify!($field) == "stream_renditions");
                    if !live && self.$field != before.$field {
                        self.$field.clone_from(&before.$field);
                        kept.push(stringify!($field));
                    }
                )+)+
                for field in &kept {
                    match before.origins.get(field) {
                        Some(origin) => self.origins.insert(field, origin.clone()),
                        None => self.origins.remove(field),
                    };
                }
                kept
            }

            /// Every setting by the name of its field with its value, secrets as `***`. Written like this in a TOML file,
            /// the values are read as the same again.
            #[must_use]
            pub fn values(&self) -> Vec<(&'static str, Value)> {
                vec![$($( (stringify!($field), show(&$form, &self.$field)) ),+),+]
            }
        }
    };
}

impl Settings {
    /// Where the value of a setting, named by its field, came from.
    #[must_use]
    pub fn origin(&self, field: &str) -> Origin {
        self.origins.get(field).cloned().unwrap_or_default()
    }
}

settings! {
    Listening {
        /// Address that the ports are opened on. Beyond this machine only together with API_TOKEN.
        listen: IpAddr = Address, "LISTEN", "listen", default "127.0.0.1";
        /// Port of the HTTP API and of the pages. 0 lets the system choose one, here and for the other ports.
        port: u16 = whole(0, 65535, ""), "PORT", "port", default "4200";
        /// Port of the WebSocket.
        ws_port: u16 = whole(0, 65535, ""), "WS_PORT", "ws_port", default "4201";
        /// WebSocket clients that may be connected at once; more are refused.
        ws_max_clients: usize = whole(1, 100_000, "clients"), "WS_MAX_CLIENTS", "ws_max_clients", default "2500";
        /// Port of the Prometheus metrics.
        metrics_port: u16 = whole(0, 65535, ""), "METRICS_PORT", "metrics_port", default "4290";
        /// Port of the health checks.
        health_port: u16 = whole(0, 65535, ""), "HEALTH_PORT", "health_port", default "4291";
        /// Token that clients must send as `Authorization: Bearer …`; it allows everything. Make one with
        /// `openssl rand -hex 32`.
        api_token: Option<Secret> = Optional(Hidden { min: 16, what: "a token" }),
            "API_TOKEN", "api_token", default "", secret;
        /// Token that allows to steer the stream and to edit scenes, but not to change settings. Only together with
        /// API_TOKEN.
        api_control_token: Option<Secret> = Optional(Hidden { min: 16, what: "a token" }),
            "API_CONTROL_TOKEN", "api_control_token", default "", secret;
        /// Token that only allows to look. Only together with API_TOKEN.
        api_read_token: Option<Secret> = Optional(Hidden { min: 16, what: "a token" }),
            "API_READ_TOKEN", "api_read_token", default "", secret;
        /// Origins whose web pages may use the API besides the service's own; `*` stands for all.
        allowed_origins: Vec<String> = List(WebOrigin), "ALLOWED_ORIGINS", "allowed_origins", default "";
        /// Requests that one address may send per second on average; twice as many at once.
        rate_limit: Option<u32> = whole_or("unlimited", 1, 1_000_000), "RATE_LIMIT", "rate_limit", default "2000";
    }
    Picture {
        /// Scene that is played. Without one the canvas is empty until a scene comes over the API.
        scene: Option<PathBuf> = Optional(Path { what: "a scene file" }), "SCENE", "scene", default "";
        /// Picture (PNG, JPEG, WebP or SVG) that is shown where the scene file cannot be played, and sent when nothing has been
        /// drawn for ten seconds. Without it the service does not start with a faulty scene file, and the last picture is
        /// sent.
        slate: Option<PathBuf> = Optional(Path { what: "a picture" }), "SLATE", "slate", default "";
        /// Size of the stream's picture: `1920x1080`, or a name such as `720p`.
        stream_resolution: Resolution = PictureSize, "STREAM_RESOLUTION", "stream_resolution", default "1920x1080", live;
        /// Frames per second.
        target_fps: u32 = whole(1, 60, "frames per second"), "TARGET_FPS", "target_fps", default "30";
        /// How carefully layers are sampled and effects are drawn. `auto` draws them as well as the machine keeps up with;
        /// the others only draw less well while frames are late.
        render_quality: Quality = one_of(), "RENDER_QUALITY", "render_quality", default "high";
        /// Layers that a scene may have, groups and their children included.
        max_layers: usize = whole(1, 1000, "layers"), "MAX_LAYERS", "max_layers", default "50", live;
    }
    Encoding {
        /// Video codec. Platforms take h264; vp8 and vp9 go into .webm and .mkv files.
        stream_codec: VideoCodec = one_of(), "STREAM_CODEC", "stream_codec", default "h264";
        /// Video bitrate in kbit/s.
        stream_bitrate: u32 = whole(100, 100_000, "kbit/s"), "STREAM_BITRATE", "stream_bitrate", default "4000", live;
        /// Lowest video bitrate in kbit/s to which the stream goes, step by step, while the link to STREAM_URL or to a server
        /// in MUXER_OUTPUTS is too slow; it rises again when the link is faster. With `off` frames are left out instead.
        stream_min_bitrate: Option<u32> = whole_or("off", 100, 100_000),
            "STREAM_MIN_BITRATE", "stream_min_bitrate", default "off";
        /// Further sizes in which the stream is encoded, each with a video bitrate, and with `@` and a name if it shows a
        /// variant of the scene. An output asks for one by what stands before the bitrate; none is encoded while no output
        /// sends it. The bitrates can change while the service runs.
        stream_renditions: Vec<RenditionSetting> = List(RenditionForm),
            "STREAM_RENDITIONS", "stream_renditions", default "", live;
        /// Time from one key frame to the next, where a viewer can join. Platforms ask for two seconds.
        stream_keyframe_interval: Duration = Seconds { min: 0.25, max: 20.0 },
            "STREAM_KEYFRAME_INTERVAL", "stream_keyframe_interval", default "2s", live;
        /// The encoder's preset: slower ones make a better picture of the same bits and take more of the processor.
        ffmpeg_preset: Preset = one_of(), "FFMPEG_PRESET", "ffmpeg_preset", default "veryfast";
        /// Hardware encoder, if the machine has one; where it has not, x264 encodes on the processor.
        ffmpeg_hwaccel: HardwareAcceleration = one_of(), "FFMPEG_HWACCEL", "ffmpeg_hwaccel", default "none";
    }
    Audio {
        /// Whether the stream has sound; platforms expect it, even if it is silence.
        audio_enabled: bool = Switch, "AUDIO_ENABLED", "audio_enabled", default "true";
        /// Audio codec. Platforms take aac; opus goes into .webm and .mkv files and to srt://.
        audio_codec: AudioCodec = one_of(), "AUDIO_CODEC", "audio_codec", default "aac";
        /// Audio bitrate in kbit/s.
        audio_bitrate: u32 = whole(32, 320, "kbit/s"), "AUDIO_BITRATE", "audio_bitrate", default "128";
    }
    Output {
        /// Where the stream goes: a platform's RTMP address with the stream key at its end. Without it the stream can
        /// be watched on this machine, at `/live/` of the HTTP port.
        stream_url: Option<Destination> = Optional(Goal), "STREAM_URL", "stream_url", default "", secret;
        /// More destinations for the same stream: addresses and files.
        muxer_outputs: Vec<Destination> = List(Goal), "MUXER_OUTPUTS", "muxer.outputs", default "", secret;
        /// Encoded frames that may wait for each output before it leaves some out. Those that only wait for the sound to them do not
        /// count.
        muxer_max_queue_size: usize = whole(1, 10_000, "frames"),
            "MUXER_MAX_QUEUE_SIZE", "muxer.max_queue_size", default "90";
        /// How often a lost connection is tried again before the output gives up.
        muxer_retry_attempts: Option<u32> = whole_or("unlimited", 0, 100_000),
            "MUXER_RETRY_ATTEMPTS", "muxer.retry_attempts", default "unlimited";
        /// Wait before the first new try; it doubles from try to try, up to half a minute. After five seconds on air only a third
        /// of the first passes, and an RTMP server that can be reached again gets the stream sooner.
        muxer_retry_delay: Duration = Seconds { min: 0.05, max: 60.0 },
            "MUXER_RETRY_DELAY", "muxer.retry_delay", default "1s";
    }
    State {
        /// Redis server that keeps the state, instead of a file in DATA_DIR: `rediss://` for TLS.
        redis_url: Option<Secret> = Optional(HiddenUrl {
            schemes: &["redis", "rediss"],
            example: "redis://127.0.0.1:6379/0",
        }), "REDIS_URL", "redis_url", default "", secret;
        /// Password for the Redis server, if it is not in REDIS_URL.
        redis_password: Option<Secret> = Optional(Hidden { min: 1, what: "a password" }),
            "REDIS_PASSWORD", "redis_password", default "", secret;
        /// What the names of all keys on the Redis server begin with. Each instance needs its own.
        redis_prefix: String = Name, "REDIS_PREFIX", "redis_prefix", default "stream-manager";
        /// Folder for what the service keeps, such as its state where no Redis is used.
        data_dir: PathBuf = Path { what: "a folder" }, "DATA_DIR", "data_dir", default "./data";
    }
    Work {
        /// Frames that may wait for the encoder before new ones are left out.
        pipeline_max_queue_size: usize = whole(1, 120, "frames"),
            "PIPELINE_MAX_QUEUE_SIZE", "pipeline.max_queue_size", default "8";
        /// Frame buffers, 3 MB each at 1080p. Must exceed the queue: one is drawn while others wait.
        pipeline_pool_size: usize = whole(2, 240, "frames"),
            "PIPELINE_POOL_SIZE", "pipeline.pool_size", default "16";
        /// Memory in MB that pictures of layers may take which are kept to be drawn again. Those of layers that are seen may
        /// take this, or what 12 frames take if that is more (100 MB at 1080p); beyond that the largest are drawn smaller.
        pipeline_raster_memory: u64 = whole(1, 65_536, "MB"),
            "PIPELINE_RASTER_MEMORY", "pipeline.raster_memory", default "96";
        /// Memory in MiB for decoded pictures, animations and fonts of the scene. When it is full, what is not seen goes
        /// first and is decoded again when it is needed.
        assets_memory: u64 = whole(16, 65_536, "MiB"), "ASSETS_MEMORY", "assets.memory", default "160";
        /// Threads that draw; `auto` takes one for each core.
        workers_render: Option<usize> = whole_or("auto", 1, 256), "WORKERS_RENDER", "workers.render", default "auto";
        /// Threads that draw what takes longer than a frame, and ahead of time what will be seen soon; `auto` takes one
        /// for four cores, and fewer where there is little memory.
        workers_background: Option<usize> = whole_or("auto", 1, 256),
            "WORKERS_BACKGROUND", "workers.background", default "auto";
        /// Threads that decode pictures and fonts; `auto` takes one for two cores, and fewer where there is little memory.
        workers_decode: Option<usize> = whole_or("auto", 1, 256),
            "WORKERS_DECODE", "workers.decode", default "auto";
        /// Threads that make previews; `auto` takes one. None is needed while nobody watches.
        workers_preview: Option<usize> = whole_or("auto", 1, 256),
            "WORKERS_PREVIEW", "workers.preview", default "auto";
        /// Seconds for which drawing or an encoder may stand still before the service starts itself anew, and goes on from
        /// where it stood. With `off` it is only told.
        watchdog_restart: Option<u32> = whole_or("off", 5, 3600), "WATCHDOG_RESTART", "watchdog.restart", default "30";
    }
    RtmpServer {
        /// Port of the RTMP server, which takes streams from OBS and others.
        rtmp_port: u16 = whole(0, 65535, ""), "RTMP_PORT", "rtmp.port", default "1935", later;
        /// Size of the chunks it sends, in bytes.
        rtmp_chunk_size: u32 = whole(128, 65_536, "bytes"), "RTMP_CHUNK_SIZE", "rtmp.chunk_size", default "4096", later;
        /// Whether late players get the pictures since the last key frame at once.
        rtmp_gop_cache: bool = Switch, "RTMP_GOP_CACHE", "rtmp.gop_cache", default "true", later;
        /// Time between two pings to a peer.
        rtmp_ping: Duration = Seconds { min: 1.0, max: 3600.0 }, "RTMP_PING", "rtmp.ping", default "30s", later;
        /// Time after which a peer that answers no ping is let go.
        rtmp_ping_timeout: Duration = Seconds { min: 1.0, max: 3600.0 },
            "RTMP_PING_TIMEOUT", "rtmp.ping_timeout", default "60s", later;
    }
    Logging {
        /// The least important messages that are logged.
        log_level: LogLevel = one_of(), "LOG_LEVEL", "log_level", default "info", live;
        /// How log lines look: for people, or one JSON object a line.
        log_format: LogFormat = one_of(), "LOG_FORMAT", "log_format", default "text";
        /// What this instance is for.
        environment: Environment = one_of(), "ENVIRONMENT", "environment", default "development", later;
    }
    Integrations {
        /// X (Twitter): key of the app that announces the stream. All four keys or none.
        twitter_api_key: Option<Secret> = Optional(Hidden { min: 1, what: "a key" }),
            "TWITTER_API_KEY", "twitter_api_key", default "", secret, later;
        /// X (Twitter): secret of the app.
        twitter_api_secret: Option<Secret> = Optional(Hidden { min: 1, what: "a secret" }),
            "TWITTER_API_SECRET", "twitter_api_secret", default "", secret, later;
        /// X (Twitter): token of the account.
        twitter_access_token: Option<Secret> = Optional(Hidden { min: 1, what: "a token" }),
            "TWITTER_ACCESS_TOKEN", "twitter_access_token", default "", secret, later;
        /// X (Twitter): secret of the token.
        twitter_access_token_secret: Option<Secret> = Optional(Hidden { min: 1, what: "a secret" }),
            "TWITTER_ACCESS_TOKEN_SECRET", "twitter_access_token_secret", default "", secret, later;
    }
}
