//! The service: paces ticks, sends frames out, lets people steer.

pub mod cli;
pub mod config;
pub mod control;
mod descriptors;
pub mod engine;
pub mod files;
pub mod output;
mod redact;
pub mod state;
pub mod telemetry;
