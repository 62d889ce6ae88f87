//! What can be set, and from where: defaults < TOML file < environment (`.env` below the real one) < command line <
//! changes while the service runs.
//!
//! `schema` is the one table of settings. Defaults, all readers, validation, `.env.example`, the example TOML file
//! and the README's table come from it.

mod check;
mod document;
mod fault;
mod form;
mod live;
mod read;
mod schema;
mod secret;
mod sources;
mod values;

pub use self::{
    document::{dotenv_example, markdown_table, toml_example},
    fault::{ConfigFault, ConfigFaults, Origin},
    form::parse_seconds,
    live::{
        Apply, Change, ChangeRefused, ConfigDocument, LiveSettings, NotApplied, Reload, ReloadRefused, SettingDocument,
    },
    schema::{Group, SETTINGS, Setting, Settings},
    secret::{Destination, Secret},
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

/// Reads and checks all settings.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigFaults> {
    read::load(sources)
}
