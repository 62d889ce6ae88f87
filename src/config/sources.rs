//! Where values are written: the command line, the environment, `.env`, the TOML file, and changes at run time.

use std::{collections::BTreeMap, ffi::OsString, fs, io::ErrorKind, marker::PhantomData, path::PathBuf};

use clap::{Arg, ArgMatches, Command, Error, FromArgMatches, parser::ValueSource};

use super::{
    fault::ConfigFault,
    schema::{Group, SETTINGS, Setting},
};

/// The TOML file that is read when no other is named, if it is there.
const DEFAULT_FILE: &str = "stream-manager.toml";
/// Names another TOML file.
pub(super) const FILE_VARIABLE: &str = "CONFIG_FILE";
const FILE_ARGUMENT: &str = "config";

/// Everything that was written, before it is understood.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// From the command line: a setting's variable, and the value of its flag.
    pub flags: Vec<(&'static str, String)>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The file `.env`: its path and its text.
    pub dotenv: Option<(PathBuf, String)>,
    /// The TOML file: its path and its text.
    pub file: Option<(PathBuf, String)>,
    /// Files that could not be read.
    pub unreadable: Vec<ConfigFault>,
    /// What was changed while the service runs: a setting's variable, and the value.
    pub changes: BTreeMap<&'static str, String>,
}

impl Sources {
    /// The sources of this process: the environment, `.env` in the current folder, and the TOML file that `flags`,
    /// else `CONFIG_FILE`, else `stream-manager.toml` in the current folder name.
    #[must_use]
    pub fn of_this_process<S: Scope>(flags: &ConfigFlags<S>) -> Self {
        let mut sources =
            Self { flags: flags.values.clone(), environment: std::env::vars_os().collect(), ..Self::default() };
        sources.dotenv = sources.open(PathBuf::from(".env"), false);
        let named = flags.file.clone().or_else(|| sources.named_file());
        let (path, must_exist) = match named {
            Some(path) => (path, true),
            None => (PathBuf::from(DEFAULT_FILE), false),
        };
        sources.file = sources.open(path, must_exist);
        sources
    }

    /// Takes over what was changed while the service ran before: settings by their keys in the TOML file. Returns what
    /// is left out and why.
    pub fn remember(&mut self, changes: BTreeMap<String, String>) -> Vec<String> {
        let mut left_out = Vec::new();
        for (key, value) in changes {
            match SETTINGS.iter().find(|setting| setting.key == key && setting.live) {
                Some(setting) => drop(self.changes.insert(setting.variable, value)),
                None => left_out.push(format!("`{key}` was changed in the last run, but cannot be by this version")),
            }
        }
        left_out
    }

    /// Takes back what was changed of a setting while the service runs.
    pub fn forget(&mut self, setting: &Setting) {
        self.changes.remove(setting.variable);
    }

    /// What was changed while the service runs, by the keys of the TOML file, to be [remembered](Self::remember).
    #[must_use]
    pub fn changed(&self) -> BTreeMap<&'static str, &str> {
        let of = |setting: &'static Setting| Some((setting.key, self.changes.get(setting.variable)?.as_str()));
        SETTINGS.iter().filter_map(of).collect()
    }

    /// The same sources with another text of the TOML file.
    #[must_use]
    pub(super) fn with_file(&self, text: String) -> Self {
        let file = self.file.as_ref().map(|(path, _)| (path.clone(), text));
        Self { file, ..self.clone() }
    }

    fn named_file(&self) -> Option<PathBuf> {
        let in_environment = self.environment.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
        if let Some((_, value)) = in_environment {
            return Some(PathBuf::from(value));
        }
        let (_, text) = self.dotenv.as_ref()?;
        let named = dotenvy::from_read_iter(text.as_bytes()).flatten().find(|(name, _)| name == FILE_VARIABLE);
        named.map(|(_, value)| PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
    }

    fn open(&mut self, path: PathBuf, must_exist: bool) -> Option<(PathBuf, String)> {
        match fs::read_to_string(&path) {
            Ok(text) => Some((path, text)),
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => None,
            Err(error) => {
                let remedy = match error.kind() {
                    ErrorKind::NotFound => "; name an existing file with `--config` or CONFIG_FILE",
                    ErrorKind::InvalidData => "; save it as UTF-8 text",
                    _ => "",
                };
                self.unreadable.push(ConfigFault::Unreadable { path, message: error.to_string(), remedy });
                None
            }
        }
    }
}

/// Which settings a command takes as flags.
pub trait Scope: Send + Sync + Clone + 'static {
    /// Whether the command takes the settings of this group.
    fn takes(group: Group) -> bool;
}

/// The settings as flags of a command, made from the table of settings. Values stay text: they are checked together
/// with those of the other sources, so that all faults are told at once.
#[derive(Clone, Debug)]
pub struct ConfigFlags<S: Scope> {
    /// The TOML file that was named.
    pub file: Option<PathBuf>,
    /// A setting's variable, and the value of its flag.
    pub values: Vec<(&'static str, String)>,
    scope: PhantomData<S>,
}

impl<S: Scope> Default for ConfigFlags<S> {
    fn default() -> Self {
        Self { file: None, values: Vec::new(), scope: PhantomData }
    }
}

impl<S: Scope> FromArgMatches for ConfigFlags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let values = SETTINGS
            .iter()
            .filter(|setting| S::takes(setting.group) && given(setting.variable))
            .filter_map(|setting| Some((setting.variable, matches.get_one::<String>(setting.variable)?.clone())))
            .collect();
        let file = matches.get_one::<PathBuf>(FILE_ARGUMENT).cloned();
        Ok(Self { file, values, scope: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<S: Scope> clap::Args for ConfigFlags<S> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE_ARGUMENT)
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading("Settings")
            .help("TOML file with settings [default: stream-manager.toml, if it is there] [env: CONFIG_FILE]");
        let taken = SETTINGS.iter().filter(|setting| S::takes(setting.group));
        taken.fold(command.arg(file), |command, setting| {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            let later = if setting.later { " [checked only: what it steers comes later]" } else { "" };
            let about = setting.about.replace('\n', "").trim().to_owned();
            let mut arg = Arg::new(setting.variable)
                .long(setting.flag)
                .value_name(value_name(setting.variable))
                .help_heading(setting.group.heading())
                .hide_short_help(true)
                .help(format!("{about}{default} [env: {}]{later}", setting.variable));
            if matches!(setting.default, "true" | "false") {
                arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
            }
            command.arg(arg)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The last word of the variable: `NAME` of `--flag NAME`.
fn value_name(variable: &'static str) -> &'static str {
    variable.rsplit('_').next().unwrap_or(variable)
}
