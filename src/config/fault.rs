//! What is wrong with the settings, and where it was written.

use std::{fmt, path::PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

/// Where a value was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "from", rename_all = "camelCase")]
pub enum Origin {
    /// Nowhere: it is the default.
    #[default]
    Default,
    /// In the TOML file.
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// In the file `.env`.
    Dotenv {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// In the environment.
    Environment,
    /// On the command line.
    CommandLine,
    /// Nowhere: it was changed over the API while the service ran.
    Runtime,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } | Self::Dotenv { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::CommandLine => f.write_str("command line"),
            Self::Runtime => f.write_str("runtime change"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A value does not have the form that its setting asks for.
    #[error("{}: found {found}, expected {expected}{}", at(.name, .origin), hint(.nearest))]
    Value {
        /// The setting as it is called where it was written: variable, key or flag.
        name: String,
        /// Where.
        origin: Origin,
        /// What was written there, or how long it is; `***` for secrets.
        found: String,
        /// What could stand there.
        expected: String,
        /// The allowed word nearest to the one found.
        nearest: Option<String>,
    },
    /// The TOML file has a key that no setting has.
    #[error("{origin}: {}found an unknown setting of {length} characters, expected {expected}{}", within(.table), hint(.nearest))]
    UnknownKey {
        /// The table that it is in.
        table: Option<String>,
        /// Characters of the key. It is not told itself: it may be a secret that stands in the wrong place.
        length: usize,
        /// Where.
        origin: Origin,
        /// What could stand there.
        expected: String,
        /// The key nearest to it.
        nearest: Option<String>,
    },
    /// A file cannot be read as what it should be.
    #[error("{origin}: {message}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// Why.
        message: String,
    },
    /// A file cannot be read at all.
    #[error("{}: cannot be read: {message}{remedy}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
        /// What to do, or nothing.
        remedy: &'static str,
    },
    /// Settings that are right by themselves do not go together.
    #[error("{0}")]
    Together(String),
}

fn at(name: &str, origin: &Origin) -> String {
    match origin {
        Origin::Default | Origin::CommandLine | Origin::Runtime => name.to_owned(),
        Origin::File { .. } | Origin::Dotenv { .. } => format!("{origin}: {name}"),
        Origin::Environment => format!("{name} (environment)"),
    }
}

fn within(table: &Option<String>) -> String {
    table.as_ref().map(|table| format!("{table}: ")).unwrap_or_default()
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFaults {
    /// What must be mended; never empty.
    pub faults: Vec<ConfigFault>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<String>,
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => writeln!(f, "a setting is wrong; nothing was started")?,
            count => writeln!(f, "{count} settings are wrong; nothing was started")?,
        }
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  hint: {warning}")?;
        }
        Ok(())
    }
}
