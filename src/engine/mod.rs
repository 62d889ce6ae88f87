//! The tick thread, and the handle by which all others deal with it.

mod handle;

pub use handle::{
    Command, CommandRefused, EngineClosed, EngineHandle, EngineStats, Frames, OutputState, OutputStatus, ProgramFrame,
    StreamEvent, StreamFormat, Transport,
};
