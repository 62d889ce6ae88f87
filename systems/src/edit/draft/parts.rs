//! Edits of what stands beside the layers: assets, the canvas, the sound, timelines.

use components::{
    AssetDocument, AssetId, AudioDocument, CanvasDocument, SceneDocument,
    animation::timeline::{LabelName, SeekTarget, TimelineControl, TimelineDocument, TimelineId},
    document::{self, Fault, MAX_ASSETS, MAX_TIMELINES, check_audio, check_scene, nearest, read_patched},
    edit::EditRejected,
};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Blamed, Draft, invalid};
use crate::clock::Input;

impl Draft<'_> {
    pub(super) fn put_asset(&mut self, asset: AssetDocument) -> Result<(), EditRejected> {
        // What is wrong with it in itself is told as such, and not as what does not fit the scene.
        let alone = SceneDocument { assets: vec![asset.clone()], ..SceneDocument::default() };
        let own = |fault: Fault| Fault {
            pointer: fault.pointer.strip_prefix("/assets/0").unwrap_or_default().to_owned(),
            ..fault
        };
        let faults: Vec<Fault> = check_scene(&alone, &self.limits).into_iter().map(own).collect();
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        let assets = &mut self.header_mut().assets;
        let is_full = assets.len() >= MAX_ASSETS;
        match assets.iter_mut().find(|known| known.id == asset.id) {
            Some(known) => {
                let is_other = known.kind != asset.kind;
                *known = asset;
                self.assets |= is_other;
            }
            None if is_full => return Err(too_many("asset", MAX_ASSETS)),
            None => {
                assets.push(asset);
                (self.assets, self.done.created) = (true, true);
            }
        }
        Ok(())
    }

    pub(super) fn delete_asset(&mut self, id: &AssetId) -> Result<(), EditRejected> {
        let assets = &mut self.header_mut().assets;
        let Some(at) = assets.iter().position(|asset| asset.id == *id) else {
            let known = assets.iter().map(|asset| asset.id.as_str());
            let nearest = nearest(id.as_str(), known).map(str::to_owned);
            return Err(EditRejected::UnknownAsset { id: id.to_string(), nearest });
        };
        assets.remove(at);
        self.assets = true;
        Ok(())
    }

    pub(super) fn set_canvas(&mut self, canvas: CanvasDocument) -> Result<(), EditRejected> {
        let faults = check_scene(&SceneDocument { canvas, ..SceneDocument::default() }, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.header_mut().canvas = canvas;
        Ok(())
    }

    pub(super) fn set_audio(&mut self, audio: AudioDocument) -> Result<(), EditRejected> {
        let faults = check_audio(&audio, &self.header().assets);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.header_mut().audio = audio;
        Ok(())
    }

    pub(super) fn patch_canvas(&mut self, patch: &Value) -> Result<(), EditRejected> {
        let canvas = patched(&self.header().canvas, patch)?;
        self.set_canvas(canvas)
    }

    pub(super) fn patch_audio(&mut self, patch: &Value) -> Result<(), EditRejected> {
        let audio = patched(&self.header().audio, patch)?;
        self.set_audio(audio)
    }

    pub(super) fn put_timeline(&mut self, timeline: TimelineDocument) -> Result<(), EditRejected> {
        self.put.insert(timeline.id.clone(), Blamed(self.index, "timeline"));
        let timelines = &mut self.header_mut().timelines;
        let is_full = timelines.len() >= MAX_TIMELINES;
        match timelines.iter_mut().find(|known| known.id == timeline.id) {
            Some(known) => *known = timeline,
            None if is_full => return Err(too_many("timeline", MAX_TIMELINES)),
            None => {
                timelines.push(timeline);
                self.done.created = true;
            }
        }
        self.inputs.push(Input::Edited);
        Ok(())
    }

    pub(super) fn delete_timeline(&mut self, id: &TimelineId) -> Result<(), EditRejected> {
        self.timeline(id)?;
        self.header_mut().timelines.retain(|timeline| timeline.id != *id);
        self.inputs.push(Input::Edited);
        Ok(())
    }

    pub(super) fn control(&mut self, id: TimelineId, control: TimelineControl) -> Result<(), EditRejected> {
        let timeline = self.timeline(&id)?;
        if let TimelineControl::Seek { to: SeekTarget::Label(label) } = &control {
            let labels: Vec<&LabelName> = timeline.labels().collect();
            if !labels.contains(&label) {
                let nearest = nearest(label.as_str(), labels.iter().map(|label| label.as_str())).map(str::to_owned);
                let fault = Fault {
                    place: None,
                    pointer: "/to".to_owned(),
                    found: format!("`{label}`"),
                    expected: format!("a label of the timeline `{id}` itself"),
                    nearest,
                };
                return Err(EditRejected::Invalid { faults: vec![fault] });
            }
        }
        self.inputs.push(Input::Control(id, control));
        Ok(())
    }
}

/// What a JSON Merge Patch makes of a document, as far as that can be told from itself.
pub(super) fn patched<T: JsonSchema + Serialize + DeserializeOwned>(
    present: &T,
    patch: &Value,
) -> Result<T, EditRejected> {
    read_patched(present, patch, |source| document::read(&source)).map_err(|faults| EditRejected::Invalid { faults })
}

/// Why one more `kind` of thing cannot go into the scene.
pub(super) fn too_many(kind: &str, limit: usize) -> EditRejected {
    invalid("", &format!("one {kind} more than {limit}"), &format!("at most {limit} {kind}s in a scene; remove some"))
}
