//! What a store is: a place for records that keeps all of a batch or nothing of it.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::held;

/// The form in which records are written. A store with a higher number was written by a newer version: it is left alone.
pub const SCHEMA: u32 = 2;

/// Brings records of one schema to the next one.
type Step = fn(Records) -> Result<Records, String>;

/// How records of older schemas become those of the present one: the first step is that from 1 to 2.
const STEPS: [Step; SCHEMA as usize - 1] = [held::give_each_its_own];

/// By what name a record is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it belongs to; small letters, no spaces.
    pub collection: String,
    /// Its name there.
    pub field: String,
}

impl Key {
    /// The name of a record.
    pub fn new(collection: impl Into<String>, field: impl Into<String>) -> Self {
        Self { collection: collection.into(), field: field.into() }
    }
}

/// Everything in a store.
pub type Records = BTreeMap<Key, Vec<u8>>;

/// Changes that are kept together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Whether these are all records there are: whatever else the store has goes.
    pub is_whole: bool,
    /// Records as they are to be; `None` removes one.
    pub changes: BTreeMap<Key, Option<Vec<u8>>>,
}

/// What a store had in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The schema of the records; `None` if nothing was ever written.
    pub schema: Option<u32>,
    /// All of them.
    pub records: Records,
}

/// Keeps records.
pub trait Store: Send {
    /// What kind of store it is: `embedded` or `redis`.
    fn kind(&self) -> &'static str;

    /// Where it is, for people; without secrets.
    fn place(&self) -> String;

    /// Makes this the store's only user, told apart from others by name where that is possible; until it is closed.
    ///
    /// # Errors
    /// Another instance uses it, or it cannot be asked.
    fn claim(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Gives it back at once to whoever comes next.
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Everything in it.
    ///
    /// # Errors
    /// Why it cannot be read. Nothing has changed in it then.
    fn load(&mut self) -> BoxFuture<'_, Result<Loaded, StoreError>>;

    /// Keeps all of a batch or nothing of it. When this returns it is durable: as durable as the store is configured to
    /// be. The first batch must be a whole one; it makes this the store's only writer.
    ///
    /// # Errors
    /// Why that failed. Nobody knows then whether the batch was kept: the next one must be a whole one.
    fn commit(&mut self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether it still has what was written last, asked while there is nothing to write. May be dropped at any time.
    ///
    /// # Errors
    /// It has not, or cannot be asked: the next batch must be a whole one.
    fn verify(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error(
        "the state in `{place}` is in use by another instance; end that one, or give this one a folder of its own with \
         DATA_DIR"
    )]
    Locked {
        /// Where it is.
        place: String,
    },
    /// Another process has it, on this machine or another.
    #[error(
        "the state at {place} is in use by another instance ({holder}); end that one, or give this one a REDIS_PREFIX of \
         its own"
    )]
    Held {
        /// Where it is.
        place: String,
        /// Who has it, for people.
        holder: String,
    },
    /// It was written by a newer version.
    #[error(
        "the state in `{place}` was written by a newer version (schema {found}, this one knows up to {SCHEMA}) and is \
         left as it is; start that version, or {}", elsewhere(.kind)
    )]
    Newer {
        /// Where it is.
        place: String,
        /// The kind of store.
        kind: &'static str,
        /// Its schema.
        found: u32,
    },
    /// What is in it cannot be read.
    #[error("the state in `{place}` is damaged ({message}); {}", remedy(.kind, .place))]
    Damaged {
        /// Where it is.
        place: String,
        /// The kind of store.
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The system does not let it be read or written.
    #[error(
        "the state in `{place}` cannot be read or written: {message}; check the folder's rights and the free space"
    )]
    System {
        /// Where it is.
        place: String,
        /// What the system said.
        message: String,
    },
    /// It does not answer.
    #[error("the Redis server at {place} does not answer: {message}")]
    Away {
        /// Where it should be.
        place: String,
        /// What was tried.
        message: String,
    },
    /// It answers, but cannot do it now.
    #[error("the Redis server at {place} refuses for now: {message}")]
    Unable {
        /// Where it is.
        place: String,
        /// What it said, and what to do.
        message: String,
    },
    /// It answers, but refuses.
    #[error("the Redis server at {place} refuses: {message}")]
    Refused {
        /// Where it is.
        place: String,
        /// What it said, and what to do.
        message: String,
    },
    /// Another instance has taken it over: this one cannot write any more.
    #[error(
        "another instance has taken over the state at {place}, and this one writes nothing there any more; end one of them, \
         or give each a REDIS_PREFIX of its own, and start it anew"
    )]
    TakenOver {
        /// Where it is.
        place: String,
    },
    /// It lost what was written last.
    #[error("the state at {place} is not what was written last")]
    Behind {
        /// Where it is.
        place: String,
    },
}

impl StoreError {
    /// Whether the server may be able to do it later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Unable { .. })
    }
}

fn elsewhere(kind: &str) -> &'static str {
    match kind {
        "redis" => "set REDIS_PREFIX to another name",
        _ => "set DATA_DIR to another folder",
    }
}

fn remedy(kind: &str, place: &str) -> String {
    match kind {
        "redis" => {
            "restore the server's data from a backup, or start with --fresh, which forgets what is there".to_owned()
        }
        _ => format!("restore `{place}` from a backup, or move it away, which starts with an empty one"),
    }
}

impl Loaded {
    /// The records in the present schema.
    ///
    /// # Errors
    /// They are of a newer one, or cannot be brought to the present one.
    pub fn migrated(self, store: &dyn Store) -> Result<Records, StoreError> {
        migrate(self, &STEPS).map_err(|fault| fault.into_error(store.kind(), store.place()))
    }
}

/// Why records cannot be brought to the present schema.
#[derive(Debug, PartialEq, Eq)]
enum MigrateFault {
    Newer(u32),
    Failed(String),
}

impl MigrateFault {
    fn into_error(self, kind: &'static str, place: String) -> StoreError {
        match self {
            Self::Newer(found) => StoreError::Newer { place, kind, found },
            Self::Failed(message) => StoreError::Damaged { place, kind, message },
        }
    }
}

fn migrate(loaded: Loaded, steps: &[Step]) -> Result<Records, MigrateFault> {
    let Some(schema) = loaded.schema else { return Ok(loaded.records) };
    let done = usize::try_from(schema).unwrap_or(usize::MAX).saturating_sub(1);
    if schema == 0 {
        return Err(MigrateFault::Failed("its schema is 0, which no version writes".to_owned()));
    }
    let Some(steps) = steps.get(done..) else { return Err(MigrateFault::Newer(schema)) };
    steps.iter().try_fold(loaded.records, |records, step| step(records)).map_err(MigrateFault::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(names: &[&str]) -> Records {
        names.iter().map(|name| (Key::new("program", *name), Vec::new())).collect()
    }

    #[test]
    fn records_go_through_the_steps_that_they_have_not_gone_through() {
        fn rename(records: Records, from: &str, to: &str) -> Result<Records, String> {
            let renamed = |(key, value): (Key, Vec<u8>)| (Key::new(key.collection, key.field.replace(from, to)), value);
            Ok(records.into_iter().map(renamed).collect())
        }
        let steps: [Step; 3] = [
            |records| rename(records, "one", "two"),
            |records| rename(records, "two", "three"),
            |records| if records.is_empty() { Err("nothing".to_owned()) } else { Ok(records) },
        ];
        for (schema, before, after) in [(1, "one", "three"), (2, "two", "three"), (3, "one", "one"), (4, "one", "one")]
        {
            let loaded = Loaded { schema: Some(schema), records: records(&[before]) };
            assert_eq!(migrate(loaded, &steps), Ok(records(&[after])), "from schema {schema}");
        }
        let of = |schema| Loaded { schema: Some(schema), records: Records::new() };
        assert_eq!(migrate(of(5), &steps), Err(MigrateFault::Newer(5)));
        assert_eq!(migrate(of(1), &steps), Err(MigrateFault::Failed("nothing".to_owned())));
        assert_eq!(migrate(Loaded::default(), &steps), Ok(Records::new()), "nothing was ever written");
    }
}
