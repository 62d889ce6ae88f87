//! The settings as people read them: `.env.example`, the example TOML file, the README's table.

use std::fmt::Write;

use super::schema::{Group, SETTINGS, Setting};

/// The text of `.env.example`.
#[must_use]
pub fn dotenv_example() -> String {
    let mut text = String::from(
        "# Settings of Stream Manager. Copy this file to `.env` and uncomment what you change; what is written here are the\n\
         # defaults. The environment goes before this file, this file before stream-manager.toml.\n\
         #\n\
         # Made from the table of settings by `make docs`.\n",
    );
    let mut group = None;
    for setting in SETTINGS {
        heading(&mut text, &mut group, setting);
        comment(&mut text, setting);
        push(&mut text, format_args!("# {}={}\n", setting.variable, setting.default));
    }
    text
}

/// The text of the example TOML file.
#[must_use]
pub fn toml_example() -> String {
    let mut text = String::from(
        "# Settings of Stream Manager. Copy this file to `stream-manager.toml`, or name it with `--config`, and uncomment\n\
         # what you change; what is written here are the defaults. The environment and the command line go before it.\n\
         #\n\
         # Made from the table of settings by `make docs`.\n",
    );
    // TOML wants everything that is in no table before the first table.
    let mut group = None;
    for setting in SETTINGS.iter().filter(|setting| !setting.key.contains('.')) {
        heading(&mut text, &mut group, setting);
        comment(&mut text, setting);
        push(&mut text, format_args!("# {} = {}\n", setting.key, toml_value(setting)));
    }
    let mut table = "";
    for (setting, (name, key)) in SETTINGS.iter().filter_map(|setting| Some((setting, setting.key.split_once('.')?))) {
        if table != name {
            table = name;
            push(&mut text, format_args!("\n[{name}]\n"));
        }
        comment(&mut text, setting);
        push(&mut text, format_args!("# {key} = {}\n", toml_value(setting)));
    }
    text
}

/// The README's table of settings.
#[must_use]
pub fn markdown_table() -> String {
    let mut text = String::from(
        "| variable | TOML key | default | while running | what it does |\n| --- | --- | --- | --- | --- |\n",
    );
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let later = if setting.later { " *Checked only; what it steers comes later.*" } else { "" };
        let live = if setting.live { "yes" } else { "" };
        let about = sentence(setting);
        let expected = setting.expected().replace('|', "\\|");
        push(
            &mut text,
            format_args!(
                "| `{}` | `{}` | {default} | {live} | {about} Takes {expected}.{later} |\n",
                setting.variable, setting.key
            ),
        );
    }
    text
}

fn heading(text: &mut String, group: &mut Option<Group>, setting: &Setting) {
    if *group != Some(setting.group) {
        *group = Some(setting.group);
        push(text, format_args!("\n# --- {} ---\n", setting.group.heading()));
    }
}

fn comment(text: &mut String, setting: &Setting) {
    let later = if setting.later { " Checked only; what it steers comes later." } else { "" };
    let about = format!("{} Takes {}.{later}", sentence(setting), setting.expected());
    let mut line = String::from("\n#");
    for word in about.split_whitespace() {
        if line.chars().count() + word.chars().count() > 115 {
            push(text, format_args!("{line}\n"));
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    push(text, format_args!("{line}\n"));
}

/// The description on one line.
fn sentence(setting: &Setting) -> String {
    setting.about.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn toml_value(setting: &Setting) -> String {
    let plain = matches!(setting.default, "true" | "false") || setting.default.parse::<i64>().is_ok();
    match setting.default {
        "" if setting.key == "muxer.outputs" => "[]".to_owned(),
        default if plain => default.to_owned(),
        default => format!("\"{default}\""),
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(line);
}
