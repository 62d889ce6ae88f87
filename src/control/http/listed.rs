//! The list of layers, which is large and which many ask for.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use components::SceneSnapshot;

use super::Problem;

/// The whole list as it was written last. All who ask for the same are sent one copy, written once.
#[derive(Default)]
pub(in crate::control) struct Listed(Mutex<Option<(Weak<SceneSnapshot>, Bytes)>>);

impl Listed {
    /// The list of a snapshot, which `write` writes. Others who ask for it wait meanwhile: they had to do the same.
    pub(super) fn of(
        &self,
        snapshot: &Arc<SceneSnapshot>,
        write: impl FnOnce() -> Result<Bytes, Problem>,
    ) -> Result<Bytes, Problem> {
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*listed {
            Some((of, list)) if std::ptr::eq(of.as_ptr(), Arc::as_ptr(snapshot)) => Ok(list.clone()),
            _ => {
                let list = write()?;
                *listed = Some((Arc::downgrade(snapshot), list.clone()));
                Ok(list)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use components::SceneDocument;

    use super::*;

    fn snapshot() -> Arc<SceneSnapshot> {
        Arc::new(SceneSnapshot { tick: 1, seq: 1, scene: SceneDocument::default() })
    }

    #[test]
    fn a_list_is_written_once_for_a_snapshot() {
        let (listed, one) = (Listed::default(), snapshot());
        let list = || listed.of(&one, || Ok(Bytes::from("[1]".to_owned()))).unwrap();
        assert_eq!(list().as_ptr(), list().as_ptr());
        assert_eq!(listed.of(&snapshot(), || Ok(Bytes::from_static(b"[2]"))).unwrap(), "[2]");
        drop(listed.of(&one, || Err(Problem::bad_request("the one before is written again"))).unwrap_err());
    }
}
