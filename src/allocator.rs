//! How memory goes back to the system.
//!
//! glibc serves large allocations with pages of their own, which go back when they are freed. What it takes for large grows with
//! what is freed, though, up to 32 MB: after some pictures of 8 MB were let go of, the next ones come from heaps that it keeps.
//! A stream that faded between two scenes of full-HD pictures kept 180 MB that way. So the threshold is set, and stays.

/// Bytes from which on an allocation has pages of its own.
#[cfg(target_env = "gnu")]
const LARGE: i32 = 256 << 10;

/// Has large allocations go back to the system as soon as they are freed. To be called before threads are started.
pub(crate) fn give_back_what_is_large() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the allocator is set up by a function of the C library")]
    // SAFETY: no other thread is there, and any value of this parameter is allowed. If it is refused, all goes on as before.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
