//! Outputs that can be added, changed and removed while the service runs: how they are written, and what became of those
//! that the settings name.

mod document;
mod kept;
mod live;
mod options;
mod restored;

pub use self::{
    document::{OutputDocument, OutputId, OutputUrl, RetryDocument},
    live::{Carry, Changed, LiveOutputs, MOST_OUTPUTS, Output, OutputChange, OutputRefused, Present},
    options::{AdaptiveDocument, OutputOptions, SplitDocument, ThumbnailsDocument},
    restored::{Restored, restore_outputs},
};
