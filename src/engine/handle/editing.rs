//! Edits of the scene.

use components::{
    Edit, EditOutcome, SceneSnapshot,
    edit::{BatchRejected, EditApplied, EditRejected, MAX_PATCHED_VALUES},
    held::HeldScenes,
};
use systems::edit::{Look, SceneAfter};
use tokio::sync::oneshot;

use super::{Document, EditReply, EngineHandle, Request};

impl EngineHandle {
    /// Carries out all of `edits` within one tick, or none: on the next tick that starts, or on tick `at` if that is
    /// still to come.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit(&self, edits: Vec<Edit>, at: Option<u64>) -> EditOutcome {
        self.edit_with(edits, at, Vec::new()).await
    }

    /// Like [`edit`](Self::edit), and keeps `documents` together with what the edits change: both or neither. Returns
    /// when both are durable, or cannot be for now.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit_with(&self, edits: Vec<Edit>, at: Option<u64>, documents: Vec<Document>) -> EditOutcome {
        self.send(edits, at, documents, None).await
    }

    /// Like [`edit`](Self::edit), and has `look` called with the scene as the edits leave it: no other edit comes in
    /// between, be it of the same tick. The tick thread waits for it: it should be quick, and must not panic.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit_and_look<T: Send + 'static>(
        &self,
        edits: Vec<Edit>,
        at: Option<u64>,
        look: impl FnOnce(&SceneAfter<'_>) -> T + Send + Sync + 'static,
    ) -> Result<(EditApplied, T), BatchRejected> {
        let (tell, mut seen) = oneshot::channel();
        let look = move |after: &SceneAfter<'_>| {
            if !tell.is_closed() {
                // Who asked may have gone.
                let _ = tell.send(look(after));
            }
        };
        let applied = self.send(edits, at, Vec::new(), Some(Box::new(look))).await?;
        // It was called before the batch was answered.
        let seen = seen.try_recv().map_err(|_| EditRejected::Closed)?;
        Ok((applied, seen))
    }

    async fn send(
        &self,
        edits: Vec<Edit>,
        at: Option<u64>,
        documents: Vec<Document>,
        look: Option<Look>,
    ) -> EditOutcome {
        check_values(&edits)?;
        let sender = self.sender;
        self.settled(self.ask(|reply| Request::Edit { sender, edits, documents, at, look, reply }).await?).await
    }

    /// Carries out what `make` says of the scene on air and those that are held, with what is to be kept: no other edit
    /// comes in between. The tick thread waits for it, so that it should take less time than a frame has.
    ///
    /// # Errors
    /// Why the batch was refused; nothing of it has happened then.
    pub async fn edit_by(
        &self,
        make: impl FnOnce(&SceneSnapshot, &HeldScenes) -> (Vec<Edit>, Vec<Document>) + Send + 'static,
    ) -> EditOutcome {
        let (sender, make) = (self.sender, Box::new(make));
        self.settled(self.ask(|reply| Request::Make { sender, make, reply }).await?).await
    }

    /// Waits for the next tick that carries out edits, and returns it: it shows whatever was changed before, be it no edit.
    pub async fn next_tick(&self) -> u64 {
        // A batch of nothing.
        let shown = self.send(Vec::new(), None, Vec::new(), None).await;
        shown.map_or_else(|_| self.stats().tick + 1, |applied| applied.tick)
    }

    /// How a batch ended, when it is durable or cannot be for now.
    async fn settled(&self, (outcome, position): EditReply) -> EditOutcome {
        let mut applied = outcome?;
        applied.persisted = self.shared.journal.durable(position).await;
        Ok(applied)
    }

    /// Whether `edits` would be carried out on the scene as it is when their turn comes, and the tick that begins with
    /// it; nothing is changed.
    ///
    /// # Errors
    /// Why the batch would be refused.
    pub async fn check(&self, edits: Vec<Edit>) -> Result<u64, BatchRejected> {
        check_values(&edits)?;
        let sender = self.sender;
        let (outcome, _) = self.ask(|reply| Request::Check { sender, edits, reply }).await?;
        Ok(outcome?.tick)
    }
}

/// Refuses patches that would take too long, before the tick thread gets to see them.
fn check_values(edits: &[Edit]) -> Result<(), EditRejected> {
    let values = edits.iter().map(Edit::patched_values).sum();
    if values > MAX_PATCHED_VALUES { Err(EditRejected::TooManyValues { values }) } else { Ok(()) }
}
