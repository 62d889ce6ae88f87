//! The tick thread, and the handle by which all others deal with it.

mod due;
mod encode_times;
mod frame;
mod governor;
mod handle;
mod journal;
mod levels;
mod pace;
mod refusal;
mod scheduled;
mod shared;
mod shown;
mod slow;
mod soundtrack;
mod spawn;
mod status;
mod tick;
mod transport;

pub use encode_times::EncodeTimes;
pub use frame::{ProgramFrame, StreamFormat};
pub use governor::{QualityGoal, Shedding};
pub use handle::{ClientGuard, EngineHandle};
pub use journal::{ACTIVE_LAYER, Document, Durable, HELD, JournalReader, Kept, ON_AIR, SceneChange, Taken, Whole};
pub use levels::{LevelDocument, Levels, Mixed, TrackLevel};
pub use refusal::{EngineClosed, MAX_STEP, Reconfiguration, ReconfigurationRefused, StepRefused, Unanswered};
pub use soundtrack::Soundtrack;
pub use spawn::{Beginning, Engine, EngineSettings, StartError, spawn};
pub use status::{
    EncoderState, EncoderStatus, EngineStats, FileFault, OutputErrorKind, OutputState, OutputStatus, Part,
    SoundEncoderStatus, StoreStatus, StreamEvent,
};
pub use transport::{Command, CommandRefused, Transport};
