//! `stream-manager doctor`

use std::{
    fmt,
    net::{IpAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    config::{Settings, Sources},
    state::{Embedded, Remembered, StoreError},
};

use super::{DoctorArgs, fail, print, remember};

/// How something that was looked at is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, but not everything does.
    Limited,
    /// The service cannot run like this.
    Missing,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "good",
            Self::Limited => "limited",
            Self::Missing => "missing",
        })
    }
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What it is.
    pub what: String,
    /// What to do, where something should be done.
    pub remedy: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    #[must_use]
    pub fn good(what: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, what: what.into(), remedy: None }
    }

    /// Something that only part of the service can do without.
    #[must_use]
    pub fn limited(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Limited, what: what.into(), remedy: Some(remedy.into()) }
    }

    /// Something that the service cannot do without.
    #[must_use]
    pub fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Missing, what: what.into(), remedy: Some(remedy.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {}", self.verdict, self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n         hint: {remedy}"),
            None => Ok(()),
        }
    }
}

/// Looks at this machine and prints what was found. `probe_media` looks at what encodes and sends (GStreamer and its
/// elements), which this module knows nothing of. Status 1 if something is missing.
#[must_use]
pub fn doctor(args: &DoctorArgs, probe_media: impl FnOnce(&Settings) -> Vec<Finding>) -> ExitCode {
    let loaded = match crate::config::load(&Sources::of_this_process(&args.settings)) {
        Ok(loaded) => loaded,
        Err(faults) => return fail(faults, super::EXIT_USAGE),
    };
    let settings = &loaded.settings;
    let mut findings = vec![Finding::good("settings: each is right, and they go together")];
    findings.extend(loaded.warnings.iter().map(|warning| Finding::limited("settings", warning)));
    findings.extend(probe_media(settings));
    findings.extend(find_fonts(&font_folders()));
    findings.extend(probe_ports(
        settings.listen,
        &[
            ("PORT", settings.port),
            ("WS_PORT", settings.ws_port),
            ("METRICS_PORT", settings.metrics_port),
            ("HEALTH_PORT", settings.health_port),
        ],
    ));
    findings.push(probe_folder(&settings.data_dir));
    findings.push(probe_store(settings));

    let missing = findings.iter().filter(|finding| finding.verdict == Verdict::Missing).count();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let printed = print(lines.join("\n"));
    if missing > 0 { ExitCode::FAILURE } else { printed }
}

/// Whether the ports can be opened.
#[must_use]
pub fn probe_ports(listen: IpAddr, ports: &[(&str, u16)]) -> Vec<Finding> {
    let probe = |(name, port): &(&str, u16)| match TcpListener::bind((listen, *port)) {
        Ok(_) => Finding::good(format!("{name}: {listen}:{port} is free")),
        Err(error) => Finding::missing(
            format!("{name}: {listen}:{port} cannot be opened: {error}"),
            format!("stop what uses it, or set {name} to another port"),
        ),
    };
    ports.iter().map(probe).collect()
}

/// Where fonts lie on this machine.
fn font_folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let own = home.into_iter().flat_map(|home| [home.join(".fonts"), home.join(".local/share/fonts")]);
    own.chain(["/usr/share/fonts".into(), "/usr/local/share/fonts".into()]).collect()
}

/// Whether there are fonts for writing systems that the built-in font does not have.
#[must_use]
pub fn find_fonts(folders: &[PathBuf]) -> Vec<Finding> {
    // By the files of Debian's packages: a whole font database takes seconds to read.
    const WANTED: [(&str, &str, &str); 3] = [
        ("Arabic, Hebrew, Devanagari and others", "NotoSansArabic", "fonts-noto-core"),
        ("Chinese, Japanese and Korean", "NotoSansCJK", "fonts-noto-cjk"),
        ("emoji", "NotoColorEmoji", "fonts-noto-color-emoji"),
    ];
    let mut names = Vec::new();
    for folder in folders {
        collect_names(folder, 6, &mut names);
    }
    let find = |(what, font, package): &(&str, &str, &str)| {
        if names.iter().any(|name| name.starts_with(font)) {
            Finding::good(format!("fonts for {what}"))
        } else {
            Finding::limited(
                format!("no font found for {what}"),
                format!(
                    "`apt-get install {package}`, or add a font to the scene's assets; Latin, Greek and Cyrillic are built in"
                ),
            )
        }
    };
    WANTED.iter().map(find).collect()
}

fn collect_names(folder: &Path, depth: usize, names: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect_names(&entry.path(), depth, names),
            _ => names.push(entry.file_name().to_string_lossy().into_owned()),
        }
    }
}

/// Whether the service can write where it keeps things. The folder itself need not be there yet.
fn probe_folder(folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".stream-manager-{}", std::process::id()));
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            // A file that could be made but not removed again harms nobody.
            let _ = std::fs::remove_file(&probe);
            Finding::good(format!("DATA_DIR: `{}` can be written", folder.display()))
        }
        Err(error) => Finding::missing(
            format!("DATA_DIR: `{}` cannot be written: {error}", folder.display()),
            "give this user the right to write there, or set DATA_DIR to another folder",
        ),
    }
}

/// Whether what the service remembers can be read. Writes nothing, and makes no store where there is none.
fn probe_store(settings: &Settings) -> Finding {
    if settings.redis_url.is_none() && !Embedded::is_in(&settings.data_dir) {
        return Finding::good("store: nothing is remembered yet");
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Finding::missing(format!("store: no threads could be started: {error}"), "try again"),
    };
    let loaded = runtime.block_on(async {
        let mut store = remember::store(settings)?;
        let remembered = Remembered::load(store.as_mut()).await?;
        Ok((store.place(), remembered.program.map(|(scene, _)| scene.walk().count())))
    });
    match loaded {
        Ok((place, Some(layers))) => Finding::good(format!("store: `{place}` remembers a scene of {layers} layers")),
        Ok((place, None)) => Finding::good(format!("store: `{place}` can be used and remembers no scene")),
        Err(error @ StoreError::Locked { .. }) => {
            Finding::limited(format!("store: {error}"), "if that is the service that runs here, all is well")
        }
        Err(error) => Finding::missing(format!("store: {error}"), "see above; the service does not start like this"),
    }
}
