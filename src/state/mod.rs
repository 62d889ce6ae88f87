//! What the service remembers: the scene on air with all that moves in it, documents of other kinds, settings.
//!
//! The engine's journal tells what changes; the [`Writer`] folds that into records and keeps them in a [`Store`], all
//! that came since the last commit at once; [`Remembered`] is what a store gives back at start. There are two stores:
//! [`Embedded`] in a file, and [`Redis`]. Both keep all of a batch or nothing of it.

mod embedded;
mod held;
mod lease;
mod mirror;
mod redis;
mod remembered;
mod store;
mod writer;

pub use self::{
    embedded::Embedded,
    redis::{Redis, RedisSettings},
    remembered::Remembered,
    store::{Batch, Key, Loaded, Records, SCHEMA, Store, StoreError},
    writer::Writer,
};
