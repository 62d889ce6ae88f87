//! Who writes the state on a Redis server: a key that holds the holder's name and goes by itself if it is not renewed.
//!
//! It is there to tell a second instance with the same prefix before it has done anything. What keeps two from writing over
//! each other is the fence in every commit.

use std::{fs, time::Duration};

use redis::{Client, RedisError, Script, aio::ConnectionManager};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// How long the key is there after it was renewed last.
const HELD_FOR: Duration = Duration::from_secs(3);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(1);
/// Pause between two looks at one that somebody else holds.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Who holds the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// Another one each time that the service starts.
    writer: String,
    host: String,
    process: u32,
    /// When the process began, in the system's ticks: numbers of processes come again.
    began: Option<u64>,
    /// Which processes can be looked at: those of the same boot of the same machine or container.
    machine: String,
}

impl Holder {
    pub(super) fn this_process(writer: &str) -> Self {
        let process = std::process::id();
        let text = |path| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
        let processes = fs::read_link("/proc/self/ns/pid").map(|path| path.display().to_string()).unwrap_or_default();
        Self {
            writer: writer.to_owned(),
            host: text("/proc/sys/kernel/hostname"),
            process,
            began: began(process),
            machine: format!("{} {processes}", text("/proc/sys/kernel/random/boot_id")),
        }
    }

    /// Whether it was a process of this machine that is no more.
    fn is_gone(&self, own: &Self) -> bool {
        self.machine == own.machine && self.began.is_some() && began(self.process) != self.began
    }

    /// What the key holds.
    pub(super) fn text(&self) -> String {
        // Text and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// For people; the key may hold anything.
    pub(super) fn told(text: &str) -> String {
        match serde_json::from_str::<Self>(text) {
            Ok(Self { host, process, .. }) => format!("process {process} on `{host}`"),
            Err(_) => "whose name cannot be read".to_owned(),
        }
    }
}

/// When a process began; `None` if there is none of this number.
fn began(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name, in parentheses, may hold anything. The first word behind it is the third field, the 22nd is looked for.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Why the state is not ours.
pub(super) enum Refused {
    /// Another instance holds it; who, in words for people.
    Held(String),
    /// The server does not do it.
    Redis(RedisError),
}

/// The key, which is renewed until this is released or dropped.
pub(super) struct Lease {
    release: oneshot::Sender<()>,
    renewing: JoinHandle<()>,
}

/// What is asked of the server.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) client: Client,
    pub(super) key: String,
    pub(super) holder: Holder,
    /// Where the state is, for people.
    pub(super) place: String,
}

impl Claim {
    /// Takes the state, as soon as nobody holds it any more: one that was killed on another machine holds it for a moment.
    pub(super) async fn take(self, mut connection: ConnectionManager) -> Result<Lease, Refused> {
        let until = Instant::now() + HELD_FOR + RENEW;
        let mut gone = String::new();
        loop {
            let held = self.ask(&mut connection, &gone).await.map_err(Refused::Redis)?;
            let Some(held) = held else { return Ok(self.renewed(Some(connection))) };
            let holder = serde_json::from_str::<Holder>(&held);
            if holder.is_ok_and(|holder| holder.is_gone(&self.holder)) && gone != held {
                gone = held;
            } else if Instant::now() > until {
                return Err(Refused::Held(Holder::told(&held)));
            } else {
                sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// Takes the state whenever the server can be asked and nobody holds it.
    pub(super) fn renewed(self, connection: Option<ConnectionManager>) -> Lease {
        let (release, released) = oneshot::channel();
        Lease { release, renewing: tokio::spawn(self.renew(connection, released)) }
    }

    async fn renew(self, mut connection: Option<ConnectionManager>, mut released: oneshot::Receiver<()>) {
        let mut told = None;
        // Dropped or told, it is the end; only who was told takes the key away.
        let is_released = loop {
            match timeout(RENEW, &mut released).await {
                Ok(done) => break done.is_ok(),
                Err(_) => {
                    let Some(asked) = connection_of(&self.client, &mut connection) else { continue };
                    // A server that is away is told of by whoever writes.
                    let Ok(held) = self.ask(asked, "").await else { continue };
                    if let Some(held) = held.filter(|held| told.as_ref() != Some(held)) {
                        let (place, holder) = (&self.place, Holder::told(&held));
                        tracing::error!(
                            "another instance ({holder}) holds the state at {place} by now; end one of them"
                        );
                        told = Some(held);
                    }
                }
            }
        };
        if is_released && let Some(connection) = &mut connection {
            let mine = Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end");
            // If it cannot be taken away it goes by itself.
            let _: Result<(), RedisError> = mine.key(&self.key).arg(self.holder.text()).invoke_async(connection).await;
        }
    }

    /// Takes or renews the key, unless somebody else than `gone` holds it. Returns who.
    async fn ask(&self, connection: &mut ConnectionManager, gone: &str) -> Result<Option<String>, RedisError> {
        let script = Script::new(include_str!("lease.lua"));
        let (mine, milliseconds) = (self.holder.text(), HELD_FOR.as_millis().to_string());
        let held: Vec<u8> =
            script.key(&self.key).arg(&mine).arg(milliseconds).arg(gone).invoke_async(connection).await?;
        Ok((held != mine.as_bytes()).then(|| String::from_utf8_lossy(&held).into_owned()))
    }
}

fn connection_of<'a>(client: &Client, known: &'a mut Option<ConnectionManager>) -> Option<&'a mut ConnectionManager> {
    if known.is_none() {
        *known = super::redis::lazily(client).ok();
    }
    known.as_mut()
}

impl Lease {
    /// Gives the state back at once.
    pub(super) async fn release(self) {
        // One that has ended already holds nothing.
        let _ = self.release.send(());
        let _ = self.renewing.await;
    }
}
