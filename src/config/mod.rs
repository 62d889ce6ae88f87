//! What can be set, and from where: defaults < TOML file < environment (`.env` below the real one) < command line <
//! changes while the service runs.
//!
//! `schema` is the one table of settings. Defaults, all readers, validation, `.env.example`, the example TOML file
//! and the README's table come from it.

mod check;
mod containers;
mod destination;
mod document;
mod fault;
mod form;
mod live;
mod outputs;
mod read;
mod rendition;
mod schema;
mod secret;
mod sources;
mod values;

pub use self::{
    containers::Codecs,
    destination::Destination,
    document::{dotenv_example, markdown_table, toml_example},
    fault::{ConfigFault, ConfigFaults, Origin},
    form::parse_seconds,
    live::{
        Apply, Change, ChangeRefused, ConfigDocument, LiveSettings, NotApplied, Reload, ReloadRefused, SettingDocument,
    },
    outputs::{
        AdaptiveDocument, Carry, Changed, LiveOutputs, MOST_OUTPUTS, Output, OutputChange, OutputDocument, OutputId,
        OutputOptions, OutputRefused, OutputUrl, Present, Restored, RetryDocument, SplitDocument, ThumbnailsDocument,
        restore_outputs,
    },
    rendition::RenditionSetting,
    schema::{Group, SETTINGS, Setting, Settings},
    secret::Secret,
    sources::{ConfigFlags, Scope, Sources},
    values::{
        AudioCodec, Environment, HardwareAcceleration, LogFormat, LogLevel, Preset, Quality, Resolution, VideoCodec,
    },
};

/// Settings for one start of the service, and what should be told about them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Things that are allowed but probably not meant, in words for people.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Whether the further sizes and variants are those of `other`, whatever their bitrates.
    #[must_use]
    pub fn has_renditions_of(&self, other: &Self) -> bool {
        rendition::are_alike(&self.stream_renditions, &other.stream_renditions)
    }

    /// What is encoded.
    #[must_use]
    pub fn codecs(&self) -> Codecs {
        Codecs { video: self.stream_codec, audio: self.audio_enabled.then_some(self.audio_codec) }
    }
}

/// Reads and checks all settings.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigFaults> {
    read::load(sources)
}
