//! What GStreamer and the libraries beneath it do to the whole process, and how the service lives with it.

use std::env;

use gstreamer::{
    self as gst,
    glib::{self, LogLevel, LogWriterOutput},
};
use gstreamer_video::{VideoConverter, VideoFormat, VideoFrame, VideoInfo};

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

/// Has ORC, by which GStreamer makes machine code for conversions, allocate the memory for that now. It sets the rights of new
/// files (`umask`) of the whole process to others for a moment when it does, and what other threads make meanwhile would have
/// those.
pub fn allocate_code_memory() {
    // All of this works, or there is nothing that converts.
    let _ = convert_a_picture();
}

fn convert_a_picture() -> Option<()> {
    gst::init().ok()?;
    let info = |format| VideoInfo::builder(format, 16, 16).build().ok();
    let (from, to) = (info(VideoFormat::I420)?, info(VideoFormat::Bgra)?);
    let picture = |info: &VideoInfo| {
        let buffer = gst::Buffer::with_size(info.size()).ok()?;
        VideoFrame::from_buffer_writable(buffer, info).ok()
    };
    let (picture_from, mut picture_to) = (picture(&from)?, picture(&to)?);
    VideoConverter::new(&from, &to, None).ok()?.frame(&picture_from, &mut picture_to);
    Some(())
}
