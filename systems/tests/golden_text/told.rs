//! What libraries log.

use std::{cell::RefCell, sync::Once};

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Listener;

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        TOLD.with_borrow_mut(|told| told.push(record.args().to_string()));
    }

    fn flush(&self) {}
}

/// What `run` returns, and what was logged as a warning or an error by it on this thread.
pub(crate) fn while_running<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        log::set_logger(&Listener).expect("no other listens");
        log::set_max_level(LevelFilter::Warn);
    });
    TOLD.take();
    let result = run();
    (result, TOLD.take())
}
