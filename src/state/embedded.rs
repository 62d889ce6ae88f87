//! The store in a file of this machine, for one instance.
//!
//! One redb database, locked for as long as it is open. A commit is one transaction, on the disk when it returns. A file
//! that was taken away or put in the place of ours is noticed before each commit, and while there is nothing to write:
//! what is written into a file that has no name any more nobody would find again.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::{BoxFuture, FutureExt as _};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition};

use super::store::{Batch, Key, Loaded, Records, SCHEMA, Store, StoreError};

/// The file in the folder for data.
const FILE: &str = "state.redb";
/// Bytes of the file that are kept in memory: a large scene is one or two megabytes.
const CACHE: usize = 8 << 20;

/// Collection and field, and what is in the record.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const SCHEMA_KEY: &str = "schema";

/// A store in a folder.
pub struct Embedded {
    path: PathBuf,
    /// `None` after a failure: it is opened anew then.
    open: Option<Arc<Open>>,
}

/// The file as it was opened.
struct Open {
    database: Database,
    /// The device and the number of the file, by which it is told from another of its name.
    file: (u64, u64),
}

impl Embedded {
    /// Opens the store in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be written, another process has the store open, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let open = Some(Arc::new(open(&path)?));
        Ok(Self { path, open })
    }

    /// Whether there is a store in `folder`.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Does `work` where it may block. After a failure the file is opened anew.
    fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Open, &Path) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        async move {
            let (path, kept) = (self.path.clone(), self.open.take());
            let done = tokio::task::spawn_blocking(move || {
                let kept = kept.map_or_else(|| open(&path).map(Arc::new), Ok)?;
                // What is in a file is foreign: a panic over it is an error like any other.
                let done = catch_unwind(AssertUnwindSafe(|| work(&kept, &path)));
                let done = done.unwrap_or_else(|_| Err(redb::Error::Corrupted("it makes no sense".to_owned()).into()));
                done.map(|value| (value, kept)).map_err(|fault| fault.at(&path))
            });
            let done = done.await.unwrap_or_else(|error| Err(system(&self.path, error)));
            let (value, kept) = done?;
            self.open = Some(kept);
            Ok(value)
        }
        .boxed()
    }
}

impl Open {
    /// Makes sure that who opens `path` now finds this file.
    fn is_at(&self, path: &Path) -> Result<(), Fault> {
        match fs::metadata(path) {
            Ok(found) if (found.dev(), found.ino()) == self.file => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(redb::Error::Io(error).into()),
            _ => Err(Fault::Gone),
        }
    }
}

/// Why nothing came of it.
enum Fault {
    Database(Box<redb::Error>),
    /// The file is not there any more, or another one is.
    Gone,
}

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

impl Fault {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Database(error) => fault(path, *error),
            Self::Gone => StoreError::Behind { place: path.display().to_string() },
        }
    }
}

impl Store for Embedded {
    fn kind(&self) -> &'static str {
        "embedded"
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn load(&mut self) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.with(|open, _| Ok(load(&open.database)?))
    }

    fn commit(&mut self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(move |open, path| {
            open.is_at(path)?;
            Ok(commit(&open.database, &batch)?)
        })
    }

    fn verify(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            // Not by `with`, which would have nothing left if this is dropped on the way.
            let Some(open) = self.open.clone() else { return Ok(()) };
            let path = self.path.clone();
            let found = tokio::task::spawn_blocking(move || open.is_at(&path).map_err(|fault| fault.at(&path)));
            let found = found.await.unwrap_or_else(|error| Err(system(&self.path, error)));
            if found.is_err() {
                self.open = None;
            }
            found
        }
        .boxed()
    }
}

fn open(path: &Path) -> Result<Open, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| system(path, error))?;
    }
    // Addresses of outputs are in it with their stream keys: nobody else on the machine needs to read them. A file that
    // is there already stays as its owner has it.
    let mut options = fs::OpenOptions::new();
    let made = options.write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map_err(|error| system(path, error))?;
    let opened = catch_unwind(|| {
        // Reads all of the file: it is small, and nothing that was altered is trusted.
        Builder::new().set_cache_size(CACHE).set_check_integrity_on_open(true).create(path)
    });
    let opened =
        opened.unwrap_or_else(|_| Err(DatabaseError::Storage(StorageError::Corrupted("it makes no sense".to_owned()))));
    let database = opened.map_err(|error| fault(path, error.into()))?;
    let found = fs::metadata(path).map_err(|error| system(path, error))?;
    Ok(Open { database, file: (found.dev(), found.ino()) })
}

fn load(database: &Database) -> Result<Loaded, redb::Error> {
    let transaction = database.begin_read()?;
    let schema = match transaction.open_table(META) {
        Ok(meta) => meta.get(SCHEMA_KEY)?.map(|schema| u32::try_from(schema.value()).unwrap_or(u32::MAX)),
        Err(redb::TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let mut records = Records::new();
    // Those of another schema may look otherwise.
    if schema.is_some_and(|schema| schema <= SCHEMA) {
        for record in transaction.open_table(RECORDS)?.iter()? {
            let (key, value) = record?;
            let (collection, field) = key.value();
            records.insert(Key::new(collection, field), value.value().to_vec());
        }
    }
    Ok(Loaded { schema, records })
}

fn commit(database: &Database, batch: &Batch) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    if batch.is_whole {
        transaction.delete_table(RECORDS)?;
        transaction.open_table(META)?.insert(SCHEMA_KEY, u64::from(SCHEMA))?;
    }
    {
        let mut records = transaction.open_table(RECORDS)?;
        for (Key { collection, field }, value) in &batch.changes {
            let key = (collection.as_str(), field.as_str());
            match value {
                Some(value) => drop(records.insert(key, value.as_slice())?),
                None => drop(records.remove(key)?),
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn fault(path: &Path, error: redb::Error) -> StoreError {
    let place = path.display().to_string();
    match error {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::Locked { place },
        redb::Error::Io(error) if error.kind() != io::ErrorKind::InvalidData => system(path, error),
        redb::Error::PreviousIo => system(path, error),
        redb::Error::UpgradeRequired(_) => {
            StoreError::Damaged { place, kind: "embedded", message: "it is of a format that is not known".to_owned() }
        }
        error => StoreError::Damaged { place, kind: "embedded", message: error.to_string() },
    }
}

fn system(path: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::System { place: path.display().to_string(), message: error.to_string() }
}
