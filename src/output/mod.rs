//! Sending: one encode, and any number of outputs that are fed from its packets.
//!
//! ```text
//!  frames -> encoder -> gate -> muxer -> RTMP server
//!  sound  ->         -> gate -> muxer -> file
//!                    -> gate -> segments of an HLS stream
//! ```
//!
//! Every output is a pipeline of its own with a supervisor thread of its own, so that an error in one cannot stop
//! another, nor the encoder. The gates never make the encoder wait.

mod audio;
mod backoff;
mod destination;
mod elements;
mod encoder;
mod fan_out;
mod file;
mod gate;
mod link;
mod packet;
mod pipeline;
mod rtmp;
mod settings;
mod writer;

pub mod live;

pub use backoff::ReconnectPolicy;
pub use destination::{Destination, DestinationError, FileFormat, RtmpUrl};
pub use elements::{ElementCheck, MissingElement, doctor};
pub use encoder::EncoderError;
pub use fan_out::{EncoderBitrate, OutputsHandle, Program, StartError, run, run_program};
pub use pipeline::OutputError;
pub use settings::{AudioCodec, AudioSettings, Codec, EncoderSettings, Hwaccel, UnknownPreset, X264Preset};
pub use writer::{FileWriter, WriteError};

pub(crate) use audio::check_sound;
pub(crate) use file::not_writable;
