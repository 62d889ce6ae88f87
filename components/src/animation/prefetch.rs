//! Asking for memory that is read soon.

/// Asks for a value to be in the cache soon. Where each of many lies in a place of its own, waiting for it takes as long as
/// sampling it.
#[inline]
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "only here there is a way to say it"))]
pub(super) fn fetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of::<T>()).step_by(64) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this kind has SSE, and nothing is read or written.
        #[expect(unsafe_code, reason = "there is no other way to say it")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast::<i8>().wrapping_add(line));
        }
    }
}
