//! Sending: one encode of pictures and one of sound, and any number of outputs that are fed from their packets.
//!
//! ```text
//!  frames -> encoder -> gate -> muxer -> RTMP server
//!  sound  ->         -> gate -> muxer -> file
//!                    -> gate -> segments of an HLS stream
//!                    -> gate -> a picture every so often
//! ```
//!
//! Every output is a pipeline of its own with a supervisor thread of its own, so that an error in one cannot stop
//! another, nor the encoder. The gates never make the encoder wait.

mod adapt;
mod animated_webp;
mod asking;
mod audio;
mod backoff;
mod boxes;
mod connecting;
mod destination;
mod elements;
mod encode_clock;
mod encoder;
mod error;
mod fan_out;
mod fault;
mod feeder;
mod file;
mod flight;
mod gate;
mod inlet;
mod key_frames;
mod leaving;
mod libraries;
mod link;
mod links;
mod lookout;
mod meter;
mod packet;
mod pipeline;
mod program_sound;
mod rendition;
mod restarts;
mod rtmp;
mod running;
mod settings;
mod silence;
mod sound_encoder;
mod sound_feed;
mod sound_line;
mod split;
mod srt;
mod stand_in;
mod standstill;
mod strain;
mod supervisor;
mod talk;
mod threads;
mod throughput;
mod thumbnails;
mod unheard;
mod unsent;
mod video_encoder;
mod writer;

pub mod latency;
pub mod live;

pub use animated_webp::{AnimatedWebp, AnimatedWebpError};
pub use audio::{ListenError, Listener};
pub use backoff::ReconnectPolicy;
pub use destination::{Destination, DestinationError, FileFormat, RtmpUrl, SrtUrl};
pub use elements::{ElementCheck, MissingElement, doctor};
pub use encoder::EncoderError;
pub use fan_out::{EncoderControl, OutputsHandle, Program, RENDITION_FRAMES_WAITING, StartError, run, run_program};
pub use fault::EncoderFault;
pub use libraries::{allocate_code_memory, log_libraries};
pub use links::{Output, OutputControl, OutputsError};
pub use pipeline::OutputError;
pub use rendition::Rendition;
pub use settings::{
    AdaptivePace, AudioCodec, AudioSettings, Codec, EncoderSettings, Hwaccel, UnknownPreset, X264Preset,
};
pub use split::Split;
pub use stand_in::Slate;
pub use thumbnails::Thumbnails;
pub use writer::{FileWriter, WriteError};

pub(crate) use audio::check_sound;
pub(crate) use file::not_writable;
pub(crate) use threads::shortage;
