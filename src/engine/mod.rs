//! The tick thread, and the handle by which all others deal with it.

mod governor;
mod handle;
mod journal;
mod pace;
mod soundtrack;
mod tick;

pub use governor::{QualityGoal, Shedding};
pub use handle::{
    ClientGuard, Command, CommandRefused, EngineClosed, EngineHandle, EngineStats, MAX_STEP, OutputState, OutputStatus,
    ProgramFrame, Reconfiguration, ReconfigurationRefused, StepRefused, StoreStatus, StreamEvent, StreamFormat,
    Transport,
};
pub use journal::{Document, Durable, HELD, JournalReader, Kept, ON_AIR, SceneChange, Taken, Whole};
pub use soundtrack::Soundtrack;
pub use tick::{Beginning, Engine, EngineSettings, StartError, spawn};
