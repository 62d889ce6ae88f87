//! Batches of edits, as every client sends them: over HTTP and over WebSocket alike.
//!
//! A batch is `{ "edits": [ … ], "at"?: tick or time, "dryRun"?: true }`. All of it is carried out within one tick, or nothing. What
//! is wrong with it is told at once, with pointers into that document (`/edits/3/patch/opacity`).

use std::time::Duration;

use components::{
    AssetId, Edit, EditBatch,
    document::{Fault, Limits, Notice, Source},
    edit::{At, BatchRejected, Done, EditApplied},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Problem, reserved, uploads::Uploads, warnings::Watched};
use crate::engine::EngineHandle;

/// Edits can be set for ticks up to so far ahead: those that wait take memory.
const FARTHEST: Duration = Duration::from_secs(3600);

/// Layers that a document may have; the engine knows how many the scene may have and enforces that.
pub(super) const LIMITS: Limits = Limits::HIGHEST;

/// What a batch that was carried out, or found good, answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BatchAnswer")]
pub(super) struct Answer {
    /// The tick whose frame shows it first; of a dry run, the tick that began with the scene that it was checked against.
    #[serde(flatten)]
    pub(super) applied: EditApplied,
    /// Whether nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub(super) dry_run: bool,
    /// What the author should know about what was written, with pointers into the batch; nothing of a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Notice>,
}

/// What comes of a batch that is carried out, and what its author should know.
type Outcome = Result<(EditApplied, Vec<Notice>), BatchRejected>;

/// Reads a batch. What it needs of the scene is not looked at.
pub(super) fn read(source: &Source) -> Result<EditBatch, Problem> {
    EditBatch::read(source, &LIMITS).map_err(Problem::invalid)
}

/// Carries out a batch that was read from `source`. Uploaded files that nothing uses after it are removed.
pub(super) async fn carry_out_read(
    engine: &EngineHandle,
    uploads: &Uploads,
    source: &Source,
    EditBatch { edits, at, dry_run }: EditBatch,
) -> Result<Answer, Problem> {
    let at = at.map(|at| (at, tick_of(engine, at)));
    if let Some((at, Err(expected))) = at {
        let (pointer, found) = ("/at".to_owned(), format!("`{at}`"));
        let fault = Fault { place: source.place(&pointer), pointer, found, expected, nearest: None };
        return Err(Problem::invalid(vec![fault]));
    }
    let mut faults = reserved::faults(engine, &edits).await?;
    if !faults.is_empty() {
        for fault in &mut faults {
            fault.place = source.place(&fault.pointer);
        }
        return Err(Problem::invalid(faults));
    }
    let at = at.and_then(|(_, tick)| tick.ok());
    let outcome = if dry_run {
        let checked = |tick| (EditApplied { tick, persisted: false, done: Done::default() }, Vec::new());
        engine.check(edits).await.map(checked)
    } else {
        edit(engine, uploads, edits, at).await
    };
    match outcome {
        Ok((applied, warnings)) => Ok(Answer { applied, dry_run, warnings }),
        Err(rejected) => {
            let mut faults = rejected.faults();
            for fault in &mut faults {
                fault.place = source.place(&fault.pointer);
            }
            Err(Problem::from(rejected).with_errors(faults))
        }
    }
}

async fn edit(engine: &EngineHandle, uploads: &Uploads, edits: Vec<Edit>, at: Option<u64>) -> Outcome {
    let touched = |edit: &Edit| match edit {
        Edit::PutAsset { asset } => Some(asset.id.clone()),
        Edit::DeleteAsset { id } => Some(id.clone()),
        _ => None,
    };
    let touched: Vec<AssetId> = edits.iter().filter_map(touched).collect();
    let replaces =
        |edit: &Edit| matches!(edit, Edit::LoadScene { .. } | Edit::PutScene { .. } | Edit::DeleteScene { .. });
    if edits.iter().any(replaces) {
        let outcome = send(engine, edits, at).await;
        if outcome.is_ok() {
            uploads.tidy_orphans(engine).await;
        }
        return outcome;
    }
    if touched.is_empty() {
        return send(engine, edits, at).await;
    }
    // Both are on their way before anything is waited for: what a client sends after this comes after it.
    let (before, outcome) = futures_util::future::join(engine.snapshot(), send(engine, edits, at)).await;
    if outcome.is_ok()
        && let Ok(before) = before
    {
        let scene = &before.scene;
        let files = scene.assets.iter().filter(|asset| touched.contains(&asset.id)).map(|asset| asset.path.clone());
        uploads.tidy(engine, &scene.folder, files.collect()).await;
    }
    outcome
}

async fn send(engine: &EngineHandle, edits: Vec<Edit>, at: Option<u64>) -> Outcome {
    let watched = Watched::of(&edits);
    if watched.is_empty() {
        return engine.edit(edits, at).await.map(|applied| (applied, Vec::new()));
    }
    engine.edit_and_look(edits, at, |after| watched.notices(after)).await
}

/// The tick at which edits are carried out that are set for `at`; else what is expected instead.
pub(super) fn tick_of(engine: &EngineHandle, at: At) -> Result<u64, String> {
    let fps = engine.format().fps;
    let (tick, last) = (at.tick(fps), engine.stats().tick + FARTHEST.as_secs() * u64::from(fps));
    match at {
        _ if tick <= last => Ok(tick),
        At::Tick(_) => Err(format!("a tick within the next hour, up to `{last}`")),
        At::Time(_) => Err(format!("a time within the next hour, up to `{}s`", last / u64::from(fps))),
    }
}
