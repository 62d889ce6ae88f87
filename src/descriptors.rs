//! Descriptors that the process may have open.
//!
//! Libraries that outputs and encoders are made of end the process when they get none. So as many are asked for as the system
//! gives, and clients get none of the last ones.

use std::os::fd::RawFd;

/// Of the descriptors that there may be, those that no client gets …
const RESERVE: u64 = 128;
/// … at most a share of all: one in so many.
const SHARE: u64 = 3;
/// More than this nobody needs, and some systems allow thousands of millions.
const ENOUGH: u64 = 1 << 16;

/// How many may be open: by the limit that holds, and by the one that it may be raised to.
#[expect(unsafe_code, reason = "limits are asked for by a function of the C library")]
fn limits() -> Option<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it writes to this alone.
    let outcome = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (outcome == 0).then_some((limit.rlim_cur, limit.rlim_max))
}

/// Allows the process as many as the system lets it. Where that fails the limit stays.
#[expect(unsafe_code, reason = "limits are set by a function of the C library")]
pub(crate) fn allow_all() {
    let Some((now, most)) = limits() else { return };
    let wanted = most.min(ENOUGH);
    if wanted > now {
        let limit = libc::rlimit { rlim_cur: wanted, rlim_max: most };
        // SAFETY: it reads this alone.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Whether a client's connection of this descriptor would take one of the last. The system gives the lowest that is free.
pub(crate) fn is_one_of_the_last(descriptor: RawFd) -> bool {
    let (Ok(descriptor), Some((limit, _))) = (u64::try_from(descriptor), limits()) else { return false };
    descriptor >= limit - RESERVE.min(limit / SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_descriptors_are_not_for_clients() {
        allow_all();
        let (limit, most) = limits().unwrap();
        assert_eq!(limit, most.min(ENOUGH).max(limit));
        assert!(!is_one_of_the_last(3));
        assert!(is_one_of_the_last(i32::try_from(limit).unwrap_or(i32::MAX) - 1));
    }
}
