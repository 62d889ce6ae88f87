//! Parts of the scene beside its layers that are read and written whole: the canvas, the sound.
//!
//! `GET` answers the part itself, which `PUT` takes back unchanged; `PATCH` takes a JSON Merge Patch of it. Answers to
//! edits are `{ "tick": …, "<name>": … }`: the tick whose frame shows the edit first, and the part as this edit left it. A patch is
//! made of what is there on that tick: no edit of others gets lost.

use std::{borrow::Cow, marker::PhantomData};

use components::{
    AudioDocument, CanvasDocument, Edit, SceneDocument,
    document::Fingerprint,
    edit::{DocumentName, EditApplied},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json as object};
use systems::edit::SceneAfter;
use warp::{http::Method, reply::Response};

use super::{
    Context, Problem, Request,
    at::at,
    at_tick, body, json,
    openapi::Api,
    precondition::{self, Expected, tagged},
};

/// A part of the scene that is read and written whole.
pub(super) trait HeaderPart: Clone + JsonSchema + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its key in the scene.
    const NAME: &'static str;
    /// How edits name it.
    const DOCUMENT: DocumentName;

    /// That of a scene, of which the layers may be left out.
    fn of(scene: &SceneDocument) -> &Self;

    /// What makes it that of the scene.
    fn edit(self) -> Edit;

    /// What makes of that of the scene what a JSON Merge Patch says.
    fn patch(patch: Value) -> Edit;
}

impl HeaderPart for CanvasDocument {
    const NAME: &'static str = "canvas";
    const DOCUMENT: DocumentName = DocumentName::Canvas {};

    fn of(scene: &SceneDocument) -> &Self {
        &scene.canvas
    }

    fn edit(self) -> Edit {
        Edit::SetCanvas { canvas: self }
    }

    fn patch(patch: Value) -> Edit {
        Edit::PatchCanvas { patch }
    }
}

impl HeaderPart for AudioDocument {
    const NAME: &'static str = "audio";
    const DOCUMENT: DocumentName = DocumentName::Audio {};

    fn of(scene: &SceneDocument) -> &Self {
        &scene.audio
    }

    fn edit(self) -> Edit {
        Edit::SetAudio { audio: self }
    }

    fn patch(patch: Value) -> Edit {
        Edit::PatchAudio { patch }
    }
}

/// Answers what is asked of a part.
pub(super) async fn part<P: HeaderPart>(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let snapshot = context.engine.snapshot().await?;
            precondition::answer(&request, P::of(&snapshot.scene), Some(snapshot.tick))
        }
        Method::PUT => {
            let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
            let new: P = body::document(request).await?;
            let applied = precondition::edit(&context, expected, P::DOCUMENT, new.clone().edit(), at).await?;
            answer(applied, &new)
        }
        Method::PATCH => {
            let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
            let patch = body::patch(request).await?;
            let (applied, left) =
                precondition::edit_and_look(&context, expected, P::DOCUMENT, P::patch(patch), at, left::<P>).await?;
            answer(applied, &left)
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH")),
    }
}

/// The part as an edit leaves it.
pub(super) fn left<P: HeaderPart>(after: &SceneAfter<'_>) -> P {
    P::of(after.header()).clone()
}

/// What an edit of a part answers.
pub(super) fn answer<P: HeaderPart>(applied: EditApplied, new: &P) -> Result<Response, Problem> {
    let mut edited = serde_json::to_value(applied).unwrap_or_default();
    edited[P::NAME] = object!(new);
    let response = json(precondition::status(&applied), &edited).map(|response| at_tick(response, applied.tick))?;
    Ok(tagged(response, Fingerprint::of(new)))
}

/// The schema of what `answer` writes.
pub(super) struct Answer<P>(PhantomData<P>);

impl<P: HeaderPart> JsonSchema for Answer<P> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Edited", P::schema_name().trim_end_matches("Document")).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.root_schema_for::<EditApplied>();
        for key in ["$schema", "$defs", "title"] {
            schema.remove(key);
        }
        let part = generator.subschema_for::<P>();
        schema.insert("description".to_owned(), "What an edit answers".into());
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert(P::NAME.to_owned(), part.to_value());
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.push(P::NAME.into());
        }
        schema
    }
}

/// Describes a part that is read and written whole.
pub(super) fn describe<P: HeaderPart>(api: &mut Api, pattern: &str, name: &str, example: &Value) {
    api.route(pattern)
        .on("get", &format!("The {name}"), |get| {
            get.answers::<P>(200, "The document, as `PUT` takes it").ticks().revalidates()
        })
        .on("put", &format!("Change the {name} as a whole"), |put| {
            put.at().body::<P>(example).answers::<Answer<P>>(200, "It is changed").ticks().tagged().conditional()
        })
        .on("patch", &format!("Change parts of the {name}"), |patch| {
            patch.at().patch(example).answers::<Answer<P>>(200, "It is changed").ticks().tagged().conditional()
        });
}
