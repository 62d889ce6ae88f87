//! The store on a Redis server.
//!
//! Every collection is a hash with a field for each record: the scene on air is `PREFIX:program`, each one that waits
//! `PREFIX:scene:ID`, all with a field for each layer. `PREFIX:meta` says which schema it is, who writes, and the number of the last commit. `PREFIX:edits` is a
//! stream of what each commit changed, for whoever follows; it is bounded. A commit is one script, which Redis runs as
//! one; it writes only if the server still has what was written last, so that a server that lost something is noticed,
//! and if no other instance has taken the state over, which it knows by the lineage: who has written before, kept with
//! the records. An instance that was taken over from writes nothing any more. While there is nothing to commit the server is asked whether it
//! still has that.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt as _};
use redis::{
    Client, ErrorKind, IntoConnectionInfo as _, RedisError, Script, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde_json::{Map, Value};

use super::{
    lease::{Claim, Holder, Lease, Refused},
    store::{Batch, Key, Loaded, Records, SCHEMA, Store, StoreError},
};

/// Collections that there may be, besides those of scenes that wait.
const KINDS: &[&str] = &["program", "air", "origin", "transport", "config", "output"];
/// A server that does not answer within this time is away.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Commits that the stream of edits keeps, about; older ones go.
const EDITS: usize = 1000;
/// Runs before ours whose state is known as ours to go on from.
const LONGEST_LINEAGE: usize = 100;
/// Bytes of changes that an entry of that stream has at most: of a larger commit it has the names alone, and who
/// follows reads the records.
const EDIT_BYTES: usize = 64 << 10;

/// Where a Redis server is, and what is ours on it.
#[derive(Clone)]
pub struct RedisSettings {
    /// Its address: `redis://host:port/db`, or `rediss://` for TLS.
    pub url: String,
    /// Its password, if it is not in the address.
    pub password: Option<String>,
    /// What the names of all keys begin with.
    pub prefix: String,
}

/// A store on a Redis server.
pub struct Redis {
    client: Client,
    place: String,
    prefix: String,
    /// Who writes: another one each time that the service starts.
    writer: String,
    /// The same as the lease has it.
    holder: Holder,
    /// Number of the last commit that was tried. No two have the same.
    tried: u64,
    /// Number of the last commit that succeeded, if it was the last one; else nobody knows what is there.
    last: Option<u64>,
    /// Who wrote before, as the server has it, once the state is ours.
    lineage: Option<String>,
    /// Whether another instance has taken it over.
    is_over: bool,
    /// Made when it is needed, and anew after each failure.
    connection: Option<ConnectionManager>,
    lease: Option<Lease>,
    commit: Script,
    load: Script,
    verify: Script,
}

impl Redis {
    /// A store on this server. Connects when it is used.
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn new(settings: RedisSettings) -> Result<Self, StoreError> {
        let RedisSettings { url, password, prefix } = settings;
        if url.starts_with("rediss:") {
            // Chosen already is as good: somebody needed it before.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let unknown =
            |error: RedisError| StoreError::Refused { place: "REDIS_URL".to_owned(), message: error.to_string() };
        let mut info = url.into_connection_info().map_err(unknown)?;
        let place = format!("{}/{}", info.addr(), info.redis_settings().db());
        if let Some(password) = password {
            let redis = info.redis_settings().clone().set_password(password);
            info = info.set_redis_settings(redis);
        }
        let client = Client::open(info).map_err(unknown)?;
        // Seeded by the system for each one.
        let writer = format!("{:016x}", RandomState::new().build_hasher().finish());
        let holder = Holder::this_process(&writer);
        Ok(Self {
            client,
            place,
            prefix,
            writer,
            holder,
            tried: 0,
            last: None,
            lineage: None,
            is_over: false,
            connection: None,
            lease: None,
            commit: Script::new(include_str!("commit.lua")),
            load: Script::new(include_str!("load.lua")),
            verify: Script::new(include_str!("verify.lua")),
        })
    }

    /// Holds the state on the server from now on. A server that does not answer is asked until it does.
    async fn claim_all(&mut self) -> Result<(), StoreError> {
        let claim = Claim {
            client: self.client.clone(),
            key: self.key("lease"),
            holder: self.holder.clone(),
            place: self.place.clone(),
        };
        let claimed = claim.clone().take(self.connection()?).await;
        let refused = match claimed {
            Ok(lease) => {
                self.lease = Some(lease);
                return Ok(());
            }
            Err(Refused::Held(holder)) => return Err(StoreError::Held { place: self.place.clone(), holder }),
            Err(Refused::Redis(error)) => fault(&self.place, &error),
        };
        self.connection = None;
        if refused.may_pass() {
            self.lease = Some(claim.renewed(None));
        }
        Err(refused)
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn connection(&mut self) -> Result<ConnectionManager, StoreError> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let connection = lazily(&self.client).map_err(|error| fault(&self.place, &error))?;
        Ok(self.connection.insert(connection).clone())
    }

    async fn load_all(&mut self) -> Result<Loaded, StoreError> {
        let mut connection = self.connection()?;
        let mut script = self.load.prepare_invoke();
        script.key(self.key("meta")).arg(&self.prefix).arg(SCHEMA).arg(KINDS);
        let answer: Vec<Vec<u8>> = script.invoke_async(&mut connection).await.map_err(|error| {
            self.connection = None;
            fault(&self.place, &error)
        })?;
        let damaged = |message: &str| StoreError::Damaged {
            place: self.place.clone(),
            kind: "redis",
            message: message.to_owned(),
        };
        let number = |text: &Vec<u8>| std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
        let [schema, commit, strays, wrong, gone, records @ ..] = answer.as_slice() else {
            return Err(damaged("it has no version"));
        };
        for name in String::from_utf8_lossy(strays).split_whitespace() {
            let key = self.key(name);
            tracing::warn!("`{key}` at {} was not written by this service; it is left out", self.place);
        }
        if let Some(name) = String::from_utf8_lossy(wrong).split_whitespace().next() {
            return Err(damaged(&format!("`{}` is no hash", self.key(name))));
        }
        if let Some(name) = String::from_utf8_lossy(gone).split_whitespace().next() {
            let key = self.key(name);
            return Err(damaged(&format!(
                "`{key}` is missing: it was removed, or evicted, which `maxmemory-policy noeviction` prevents"
            )));
        }
        if schema.is_empty() {
            return Ok(Loaded::default());
        }
        let schema = number(schema).ok_or_else(|| damaged("its version is no number"))?;
        self.tried = number(commit).unwrap_or_default();
        let mut loaded = Loaded { schema: Some(u32::try_from(schema).unwrap_or(u32::MAX)), records: Records::new() };
        for record in records.chunks_exact(3) {
            let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).map_err(|_| damaged("a name is no text"));
            loaded.records.insert(Key::new(text(&record[0])?, text(&record[1])?), record[2].clone());
        }
        Ok(loaded)
    }

    async fn commit_all(&mut self, batch: Batch) -> Result<(), StoreError> {
        if self.is_over {
            return Err(StoreError::TakenOver { place: self.place.clone() });
        }
        let mode = match (&self.lineage, batch.is_whole) {
            (None, _) => "take",
            (Some(_), true) => "all",
            (Some(_), false) => "next",
        };
        let last = self.last.take();
        self.tried += 1;
        let number = self.tried;
        let mut connection = self.connection()?;
        let mut script = self.commit.prepare_invoke();
        script.key(self.key("meta")).key(self.key("edits")).key(self.key("lease"));
        script.arg(&self.prefix).arg(mode).arg(&self.writer).arg(last.unwrap_or_default()).arg(number).arg(SCHEMA);
        script.arg(EDITS).arg(told(&batch)).arg(self.lineage.as_deref().unwrap_or_default());
        script.arg(LONGEST_LINEAGE).arg(self.holder.text());
        for (Key { collection, field }, value) in &batch.changes {
            match value {
                Some(value) => drop(script.arg("put").arg(collection).arg(field).arg(value.as_slice())),
                None => drop(script.arg("del").arg(collection).arg(field)),
            }
        }
        let answer: String = script.invoke_async(&mut connection).await.map_err(|error| {
            self.connection = None;
            fault(&self.place, &error)
        })?;
        let place = self.place.clone();
        let (word, rest) = answer.split_once(' ').unwrap_or((answer.as_str(), ""));
        match word {
            "ok" => {
                (self.last, self.lineage) = (Some(number), Some(rest.to_owned()));
                Ok(())
            }
            "taken" => {
                self.is_over = true;
                // Whoever comes next must not be held up by one that writes nothing any more.
                self.close().await;
                Err(StoreError::TakenOver { place })
            }
            "held" => Err(StoreError::Held { place, holder: Holder::told(rest) }),
            "behind" => {
                // Whatever number it has, the next one is higher.
                self.tried = self.tried.max(rest.parse().unwrap_or_default());
                Err(StoreError::Behind { place })
            }
            _ => Err(StoreError::Newer { place, kind: "redis", found: rest.parse().unwrap_or(u32::MAX) }),
        }
    }

    async fn verify_all(&mut self) -> Result<(), StoreError> {
        let Some(last) = self.last else { return Ok(()) };
        let mut connection = self.connection()?;
        let mut script = self.verify.prepare_invoke();
        script.key(self.key("meta")).arg(&self.prefix).arg(&self.writer).arg(last);
        let is_there: bool = script.invoke_async(&mut connection).await.map_err(|error| {
            self.connection = None;
            fault(&self.place, &error)
        })?;
        if is_there {
            return Ok(());
        }
        Err(StoreError::Behind { place: self.place.clone() })
    }
}

/// A connection that is made when something is asked. One attempt at a time: who waits decides about the next.
pub(super) fn lazily(client: &Client) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(ANSWER_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

impl Store for Redis {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn place(&self) -> String {
        self.place.clone()
    }

    fn claim(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.claim_all().boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        let lease = self.lease.take();
        async move {
            if let Some(lease) = lease {
                lease.release().await;
            }
        }
        .boxed()
    }

    fn load(&mut self) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.load_all().boxed()
    }

    fn commit(&mut self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        self.commit_all(batch).boxed()
    }

    fn verify(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.verify_all().boxed()
    }
}

/// What a commit changed, for the stream: records by collection and field, `null` for one that is gone; the names alone
/// where that would be too long.
fn told(batch: &Batch) -> String {
    let length: usize = batch.changes.values().flatten().map(Vec::len).sum();
    let mut collections = Map::new();
    for (Key { collection, field }, value) in &batch.changes {
        let value = match value {
            None => Value::Null,
            Some(_) if length > EDIT_BYTES => Value::Bool(true),
            Some(value) => serde_json::from_slice(value).unwrap_or(Value::Bool(true)),
        };
        let fields = collections.entry(collection.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(fields) = fields {
            fields.insert(field.clone(), value);
        }
    }
    serde_json::json!({ "isWhole": batch.is_whole, "records": collections }).to_string()
}

/// Never tells a password: Redis does not repeat it.
fn fault(place: &str, error: &RedisError) -> StoreError {
    let place = place.to_owned();
    let code = error.code().unwrap_or_default();
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            refused(place, error, "; check REDIS_PASSWORD, or the password in REDIS_URL")
        }
        _ if matches!(code, "NOAUTH" | "WRONGPASS") => {
            refused(place, error, "; check REDIS_PASSWORD, or the password in REDIS_URL")
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => {
            refused(place, error, "; the user needs the right to EVALSHA, SCRIPT LOAD and the keys of REDIS_PREFIX")
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::TryAgain)
        | ErrorKind::Extension => {
            let remedy = match code {
                "OOM" => "; give it more memory (`maxmemory`), or remove what else is on it",
                "MISCONF" => "; its log says why it cannot save",
                _ => "",
            };
            StoreError::Unable { place, message: format!("{error}{remedy}") }
        }
        ErrorKind::Server(_) => refused(place, error, ""),
        _ => StoreError::Away { place, message: error.to_string() },
    }
}

fn refused(place: String, error: &RedisError, remedy: &str) -> StoreError {
    StoreError::Refused { place, message: format!("{error}{remedy}") }
}
