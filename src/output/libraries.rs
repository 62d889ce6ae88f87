//! What GStreamer and the libraries beneath it do to the whole process, and how the service lives with it.

use std::env;

use gstreamer::{
    self as gst,
    glib::{self, LogLevel, LogWriterOutput},
};

/// Has what libraries tell by themselves logged. Otherwise the thread on which they do, which may be one that sends, writes
/// to standard error itself, and waits for who reads it.
///
/// `add` takes lines as they are, for what `GST_DEBUG` asks for; `flush` waits a moment for all to be written.
pub fn log_libraries(add: impl Fn(&[u8]) + Send + Sync + 'static, flush: impl Fn() + Send + Sync + 'static) {
    glib::log_set_writer_func(move |level, fields| {
        let text = |key: &str| fields.iter().find(|field| field.key() == key).and_then(glib::LogField::value_str);
        let (domain, message) = (text("GLIB_DOMAIN").unwrap_or("GLib"), text("MESSAGE").unwrap_or_default());
        match level {
            LogLevel::Error => {
                tracing::error!("{domain}: {message}");
                // It ends the process.
                flush();
            }
            LogLevel::Critical | LogLevel::Warning => tracing::warn!("{domain}: {message}"),
            LogLevel::Message | LogLevel::Info => tracing::debug!("{domain}: {message}"),
            LogLevel::Debug => tracing::trace!("{domain}: {message}"),
        }
        LogWriterOutput::Handled
    });
    // Who has it written to a file reads that.
    if env::var_os("GST_DEBUG_FILE").is_some() {
        return;
    }
    // Before GStreamer is initialised, which it tells of as well.
    gst::log::remove_default_log_function();
    gst::log::add_log_function(move |category, level, file, function, line, object, message| {
        if let Some(text) = category.get_line(level, file, function, line, object, message) {
            add(text.as_bytes());
        }
    });
}
