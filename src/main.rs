//! `stream-manager`: reads the command line and does what it says.

mod allocator;

use std::process::ExitCode;

use stream_manager::{
    cli::{self, Command, Finding},
    config::Settings,
    output,
};

fn main() -> ExitCode {
    allocator::give_back_what_is_large();
    let line = cli::parse();
    match line.command.unwrap_or(Command::Serve(line.serve)) {
        Command::Serve(args) => cli::serve(&args),
        Command::Render(args) => cli::render(&args),
        Command::Snapshot(args) => cli::snapshot(&args),
        Command::Check(args) => cli::check(&args),
        Command::Schema(args) => cli::schema(&args),
        Command::Doctor(args) => cli::doctor(&args, probe_media),
        Command::Latency(args) => cli::latency(&args),
        Command::Completions(args) => cli::completions(&args),
    }
}

/// Looks for what encodes and sends.
fn probe_media(_: &Settings) -> Vec<Finding> {
    let probe = |check: output::ElementCheck| {
        let output::ElementCheck { element, package, purpose, required, present } = check;
        let what = format!("GStreamer element `{element}`: {purpose}");
        let remedy = format!("apt-get install {package}");
        match (present, required) {
            (true, _) => Finding::good(what),
            (false, true) => Finding::missing(what, remedy),
            (false, false) => Finding::limited(what, remedy),
        }
    };
    output::doctor().into_iter().map(probe).collect()
}
