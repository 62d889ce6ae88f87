//! The tick thread, and the handle by which all others deal with it.

mod governor;
mod handle;
mod pace;
mod soundtrack;
mod tick;

pub use governor::{QualityGoal, Shedding};
pub use handle::{
    ClientGuard, Command, CommandRefused, EngineClosed, EngineHandle, EngineStats, OutputState, OutputStatus,
    ProgramFrame, Reconfiguration, ReconfigurationRefused, StreamEvent, StreamFormat, Transport,
};
pub use soundtrack::Soundtrack;
pub use tick::{Engine, EngineSettings, StartError, spawn};
