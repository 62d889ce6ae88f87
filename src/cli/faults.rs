//! What goes wrong on purpose in builds that are made to be tested.

/// The layers that the variable `FAULT_INJECTION` names, each a word.
#[cfg(feature = "fault-injection")]
pub(super) fn layers() -> Option<fn(&str) -> bool> {
    static CHOSEN: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| std::env::var("FAULT_INJECTION").unwrap_or_default());
    Some(|layer| CHOSEN.split_whitespace().any(|chosen| chosen == layer))
}

#[cfg(not(feature = "fault-injection"))]
pub(super) fn layers() -> Option<fn(&str) -> bool> {
    None
}

/// Stands still for as long as the file that the variable `FAULT_STALL` names is there.
#[cfg(feature = "fault-injection")]
pub(super) fn stall() {
    static FILE: std::sync::LazyLock<Option<std::path::PathBuf>> =
        std::sync::LazyLock::new(|| std::env::var_os("FAULT_STALL").map(Into::into));
    while FILE.as_ref().is_some_and(|file| file.exists()) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[cfg(not(feature = "fault-injection"))]
pub(super) fn stall() {}
