//! `stream-manager schema scene|config`

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::config::{dotenv_example, markdown_table, toml_example};

/// `schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what
    pub of: SchemaKind,
    /// How the settings are printed; a scene's schema is always JSON
    #[arg(long, default_value = "toml")]
    pub format: SchemaFormat,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// Scene files, as JSON Schema: editors complete and check by it
    Scene,
    /// Settings, with their defaults
    Config,
}

/// How settings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// As a TOML file
    Toml,
    /// As a `.env` file
    Dotenv,
    /// As a table in Markdown
    Markdown,
}

/// Prints a schema.
#[must_use]
pub fn schema(args: &SchemaArgs) -> ExitCode {
    let text = match (args.of, args.format) {
        (SchemaKind::Scene, _) => format!("{:#}", components::document::scene_schema()),
        (SchemaKind::Config, SchemaFormat::Toml) => toml_example(),
        (SchemaKind::Config, SchemaFormat::Dotenv) => dotenv_example(),
        (SchemaKind::Config, SchemaFormat::Markdown) => markdown_table(),
    };
    super::print(text.trim_end())
}
