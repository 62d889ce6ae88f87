//! `stream-manager completions SHELL`

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// Prints the script that teaches a shell to complete our commands and flags.
#[must_use]
pub fn completions(args: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "stream-manager", &mut script);
    super::print(String::from_utf8_lossy(&script).trim_end())
}
