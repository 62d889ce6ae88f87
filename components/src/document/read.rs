//! From text, or from JSON that came some other way, to documents.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    LayerDocument, SceneDocument, fault::Fault, meaning, outline::Outline, rules::Rules, source::Source, structure,
    words::Telling,
};

/// What a scene may have, besides what its schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Layers, those in groups and the groups themselves included.
    pub max_layers: usize,
}

impl Limits {
    /// As much as may be allowed at all: 1000 layers.
    pub const HIGHEST: Self = Self { max_layers: 1000 };
}

impl Default for Limits {
    /// 50 layers.
    fn default() -> Self {
        Self { max_layers: 50 }
    }
}

/// All faults of notation and structure of `source` as a `T`, in the order of the document. The structure is that of
/// the JSON Schema that `T` declares.
#[must_use]
pub fn check<T: JsonSchema>(source: &Source) -> Vec<Fault> {
    let mut faults = source.faults().to_vec();
    faults.extend(structure::check(source, &rules_of::<T>()));
    in_order(faults)
}

/// Reads any document whose type declares its schema.
///
/// # Errors
/// All faults of notation and structure, in the order of the document.
pub fn read<T: JsonSchema + DeserializeOwned>(source: &Source) -> Result<T, Vec<Fault>> {
    let faults = check::<T>(source);
    if !faults.is_empty() {
        return Err(faults);
    }
    T::deserialize(source.value()).map_err(|error| {
        vec![Fault {
            place: source.place(""),
            pointer: String::new(),
            found: "a document that cannot be used".to_owned(),
            expected: match source.telling {
                Telling::Open => error.to_string(),
                Telling::Discreet => "one that its schema describes".to_owned(),
            },
            nearest: None,
        }]
    })
}

/// The JSON Schema of scene files (2020-12), for editors and for people.
#[must_use]
pub fn scene_schema() -> Value {
    schema_of::<SceneDocument>()
}

/// The rules of a type, made once: making them takes longer than checking a small document.
pub(super) fn rules_of<T: JsonSchema>() -> Arc<Rules> {
    static MADE: LazyLock<Mutex<HashMap<Cow<'static, str>, Arc<Rules>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(made.entry(T::schema_id()).or_insert_with(|| Arc::new(Rules::of(&schema_of::<T>()))))
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(describe_for_people));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Makes the descriptions in a schema plain text. Doc comments are written for rustdoc: editors show links as brackets
/// and take each line break for one.
pub fn describe_for_people(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = description.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
        *description = paragraphs.join("\n\n").replace("[`", "`").replace("`]", "`");
    }
}

fn in_order(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.place.map(|place| (place.line, place.column)));
    faults
}

/// A document whose parts must fit together.
trait Whole: JsonSchema + DeserializeOwned {
    fn outline(&self) -> Outline<'_>;

    /// What can be made out of one that does not have the structure it should have.
    fn salvaged(source: &Source) -> Outline<'static>;
}

impl Whole for SceneDocument {
    fn outline(&self) -> Outline<'_> {
        Outline::of_scene(self)
    }

    fn salvaged(source: &Source) -> Outline<'static> {
        Outline::salvaged_scene(source)
    }
}

impl Whole for LayerDocument {
    fn outline(&self) -> Outline<'_> {
        Outline::of_layer(self, None)
    }

    fn salvaged(source: &Source) -> Outline<'static> {
        Outline::salvaged_layer(source)
    }
}

/// Whether a fault of meaning is told by one of structure already: that of the same value, or of a part that counts as
/// missing since it could not be read.
fn follows(fault: &Fault, known: &Fault) -> bool {
    let Some(inner) = known.pointer.strip_prefix(&*fault.pointer) else { return false };
    match inner.strip_prefix('/') {
        None => inner.is_empty(),
        Some(parts) => {
            let part = parts.split('/').next().unwrap_or_default();
            fault.found.contains(&format!("`{part}`")) || fault.pointer.ends_with("/steps")
        }
    }
}

/// The document, or the faults of structure and meaning together.
fn read_whole<T: Whole>(source: &Source, limits: &Limits) -> Result<T, Vec<Fault>> {
    let meaning = |outline: &Outline<'_>| meaning::check(outline, limits, |pointer| source.place(pointer));
    match read::<T>(source) {
        Ok(document) => match meaning(&document.outline()) {
            faults if faults.is_empty() => Ok(document),
            faults => Err(in_order(faults)),
        },
        Err(mut faults) => {
            // What is wrong in itself is not told a second time for what follows from it.
            let mut of_meaning = meaning(&T::salvaged(source));
            of_meaning.retain(|fault| !faults.iter().any(|known| follows(fault, known)));
            faults.extend(of_meaning);
            Err(in_order(faults))
        }
    }
}

impl SceneDocument {
    /// Reads a scene: JSON, in which comments, trailing commas and a byte order mark are welcome.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Vec<Fault>> {
        read_whole(&Source::from_text(text)?, limits)
    }

    /// The same for JSON that is no text any more; its faults have no place.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_value(value: Value, limits: &Limits) -> Result<Self, Vec<Fault>> {
        read_whole(&Source::from_value(value), limits)
    }
}

impl LayerDocument {
    /// Reads a layer with its children. Whether the assets that it names exist is not known here: see
    /// [`check_layer`](super::check_layer).
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Vec<Fault>> {
        read_whole(&Source::from_text(text)?, limits)
    }

    /// The same for JSON that is no text any more; its faults have no place.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_value(value: Value, limits: &Limits) -> Result<Self, Vec<Fault>> {
        Self::from_source(&Source::from_value(value), limits)
    }

    /// The same for what has been taken apart already.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_source(source: &Source, limits: &Limits) -> Result<Self, Vec<Fault>> {
        read_whole(source, limits)
    }
}
