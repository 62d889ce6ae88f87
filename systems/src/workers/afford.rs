//! Whether the system gives as many threads as there is work for. Pools of threads end the process where it does not, and some
//! libraries say nothing of those that they did not get.

use std::{
    io,
    sync::{Mutex, PoisonError},
    thread::Builder,
};

/// Held while it is tried how many threads there are.
static TRYING: Mutex<()> = Mutex::new(());

/// Makes sure that the system gives this process so many more threads at present, by starting them: there is no other way to know.
/// They end at once.
///
/// # Errors
/// It does not: a limit (`ulimit -u`, `TasksMax=` of systemd, `--pids-limit` of a container) is in the way.
pub fn afford_threads(count: usize) -> io::Result<()> {
    let door = Mutex::new(());
    let wait = |door: &Mutex<()>| drop(door.lock().unwrap_or_else(PoisonError::into_inner));
    let _alone = TRYING.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        // All of them are there at the same time.
        let _closed = door.lock().unwrap_or_else(PoisonError::into_inner);
        let start = |_| Builder::new().name("try-thread".to_owned()).spawn_scoped(scope, || wait(&door)).map(drop);
        (0..count).try_for_each(start)
    })
}
