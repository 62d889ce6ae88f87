//! Encoders that are given up.

/// Takes an encoder down, and waits for nothing: one that hangs may not want to be taken down either.
pub(super) fn leave(encoder: impl Send + 'static) {
    // Where the system gives no more threads this happens here.
    let _ = std::thread::Builder::new().name("leave-encoder".to_owned()).spawn(move || drop(encoder));
}
