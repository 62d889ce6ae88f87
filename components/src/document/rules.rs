//! A JSON Schema (2020-12), as far as the schemas of our types go, made ready to be checked against.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    format::{FORMATS, Format},
    words::{alternatives, counted, joined, shown_number},
};

/// An index into [`Rules`].
pub(super) type RuleId = usize;

/// The rules of one schema.
pub(super) struct Rules {
    rules: Vec<Rule>,
    pub(super) root: RuleId,
}

pub(super) enum Rule {
    Anything,
    Null,
    Bool,
    Number(NumberRule),
    Text(TextRule),
    /// One of these texts.
    Word(Vec<String>),
    /// Exactly one of these values.
    Constant(Vec<Value>),
    List(ListRule),
    Object(ObjectRule),
    /// Objects told apart by the text at the key `tag`.
    Tagged {
        tag: String,
        branches: Vec<(String, RuleId)>,
    },
    /// Any of these, told apart by the type of the value; never one of these again.
    Any(Vec<RuleId>),
}

pub(super) struct NumberRule {
    pub(super) whole: bool,
    pub(super) min: f64,
    pub(super) max: f64,
}

#[derive(Default)]
pub(super) struct TextRule {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    pub(super) format: Option<&'static Format>,
}

pub(super) struct ListRule {
    pub(super) items: RuleId,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
}

pub(super) struct ObjectRule {
    pub(super) properties: Vec<(String, RuleId)>,
    index: HashMap<String, RuleId>,
    pub(super) required: Vec<String>,
    /// What keys other than `properties` hold; `None` if there must not be any.
    pub(super) others: Option<RuleId>,
}

impl ObjectRule {
    pub(super) fn property(&self, key: &str) -> Option<RuleId> {
        self.index.get(key).copied()
    }
}

impl Rules {
    /// Reads a schema. What it does not know of JSON Schema it does not check.
    pub(super) fn of(schema: &Value) -> Self {
        let mut reading = Reading { schema, rules: Vec::new(), named: HashMap::new() };
        let root = reading.read(schema);
        Self { rules: reading.rules, root }
    }

    pub(super) fn get(&self, id: RuleId) -> &Rule {
        self.rules.get(id).unwrap_or(&Rule::Anything)
    }

    /// Whether any object that they describe can have this key.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Object(rule) => rule.property(key).is_some(),
            Rule::Tagged { tag, .. } => tag == key,
            _ => false,
        })
    }

    /// What a rule asks for, in a few words.
    pub(super) fn expected(&self, id: RuleId) -> String {
        match self.get(id) {
            Rule::Anything => "a value".to_owned(),
            Rule::Null => "`null`".to_owned(),
            Rule::Bool => "`true` or `false`".to_owned(),
            Rule::Number(rule) => {
                let kind = if rule.whole { "a whole number" } else { "a number" };
                match (rule.min.is_finite(), rule.max.is_finite()) {
                    (true, true) => format!("{kind} from {} to {}", shown_number(rule.min), shown_number(rule.max)),
                    (true, false) => format!("{kind} of at least {}", shown_number(rule.min)),
                    (false, true) => format!("{kind} of at most {}", shown_number(rule.max)),
                    (false, false) => kind.to_owned(),
                }
            }
            Rule::Text(rule) => match (rule.format, rule.min, rule.max) {
                (Some(format), ..) => format.expected.to_owned(),
                (None, 0, None) => "text".to_owned(),
                (None, 0, Some(max)) => format!("text of at most {max} characters"),
                (None, min, None) => format!("text of at least {}", counted(min, "character", "characters")),
                (None, min, Some(max)) => format!("text of {min} to {max} characters"),
            },
            Rule::Word(words) => alternatives(
                words.iter().map(String::as_str).map(quoted).collect::<Vec<_>>().iter().map(String::as_str),
            ),
            Rule::Constant(values) => {
                joined(&values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>(), ", ", " or ")
            }
            Rule::List(rule) => match (rule.min, rule.max) {
                (0, None) => "a list".to_owned(),
                (0, Some(max)) => format!("a list of at most {}", counted(max, "item", "items")),
                (min, None) => format!("a list of at least {}", counted(min, "item", "items")),
                (min, Some(max)) => format!("a list of {min} to {max} items"),
            },
            Rule::Object(rule) if rule.properties.is_empty() => "an object".to_owned(),
            Rule::Object(rule) => {
                let named = |name: &str| format!("`{name}`");
                let required: Vec<String> = rule.required.iter().map(|name| named(name)).collect();
                if required.is_empty() {
                    let some: Vec<String> = rule.properties.iter().take(6).map(|(name, _)| named(name)).collect();
                    format!("an object with {}", joined(&some, ", ", " or "))
                } else {
                    format!("an object with {}", joined(&required, ", ", " and "))
                }
            }
            Rule::Tagged { tag, branches } => {
                let names: Vec<String> = branches.iter().map(|(name, _)| quoted(name)).collect();
                format!("an object with `{tag}` {}", alternatives(names.iter().map(String::as_str)))
            }
            Rule::Any(branches) => {
                let told: Vec<String> = branches
                    .iter()
                    .filter(|branch| !matches!(self.get(**branch), Rule::Null))
                    .map(|branch| self.expected(*branch))
                    .collect();
                joined(&told, ", ", ", or ")
            }
        }
    }
}

pub(super) fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

struct Reading<'a> {
    schema: &'a Value,
    rules: Vec<Rule>,
    /// Rules of `$ref`s, put here before they are read, since they may contain themselves.
    named: HashMap<String, RuleId>,
}

impl Reading<'_> {
    fn add(&mut self, rule: Rule) -> RuleId {
        self.rules.push(rule);
        self.rules.len() - 1
    }

    fn read(&mut self, schema: &Value) -> RuleId {
        let Some(object) = schema.as_object() else { return self.add(Rule::Anything) };
        match object.get("$ref").and_then(Value::as_str) {
            Some(reference) if object.keys().all(|key| key == "$ref" || is_annotation(key)) => {
                if let Some(id) = self.named.get(reference) {
                    return *id;
                }
                let id = self.add(Rule::Anything);
                self.named.insert(reference.to_owned(), id);
                let target = self.target(reference).cloned().unwrap_or_default();
                self.rules[id] = self.rule(&self.merged(&target));
                id
            }
            _ => {
                let merged = self.merged(object);
                let rule = self.rule(&merged);
                self.add(rule)
            }
        }
    }

    fn target(&self, reference: &str) -> Option<&Map<String, Value>> {
        self.schema.pointer(reference.strip_prefix('#')?)?.as_object()
    }

    /// The schema with what its `$ref` and `allOf` say folded into it.
    fn merged(&self, object: &Map<String, Value>) -> Map<String, Value> {
        let reference = object.get("$ref").and_then(Value::as_str).and_then(|reference| self.target(reference));
        let all = object.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let mut merged = Map::new();
        for part in reference.into_iter().chain(all) {
            fold(&mut merged, self.merged(part));
        }
        let own = object.iter().filter(|(key, _)| !matches!(key.as_str(), "$ref" | "allOf"));
        fold(&mut merged, own.map(|(key, value)| (key.clone(), value.clone())).collect());
        merged
    }

    fn rule(&mut self, schema: &Map<String, Value>) -> Rule {
        if let Some(value) = schema.get("const") {
            return constant(vec![value.clone()]);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return constant(values.clone());
        }
        if let Some(branches) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            return self.choice(branches);
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.typed(kind, schema),
            Some(Value::Array(kinds)) => {
                let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                let branches = kinds.into_iter().map(|kind| self.typed(kind, schema)).collect::<Vec<_>>();
                Rule::Any(branches.into_iter().map(|rule| self.add(rule)).collect())
            }
            _ => Rule::Anything,
        }
    }

    fn typed(&mut self, kind: &str, schema: &Map<String, Value>) -> Rule {
        let count = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        match kind {
            "null" => Rule::Null,
            "boolean" => Rule::Bool,
            "number" | "integer" => {
                let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
                let (min, max) = machine_range(schema.get("format").and_then(Value::as_str));
                Rule::Number(NumberRule {
                    whole: kind == "integer",
                    min: bound("minimum").unwrap_or(f64::NEG_INFINITY).max(min),
                    max: bound("maximum").unwrap_or(f64::INFINITY).min(max),
                })
            }
            "string" => {
                let format = schema.get("format").and_then(Value::as_str);
                Rule::Text(TextRule {
                    min: count("minLength").unwrap_or(0),
                    max: count("maxLength"),
                    format: format.and_then(|name| FORMATS.iter().find(|format| format.name == name)),
                })
            }
            "array" => {
                let items = self.read(schema.get("items").unwrap_or(&Value::Bool(true)));
                Rule::List(ListRule { items, min: count("minItems").unwrap_or(0), max: count("maxItems") })
            }
            "object" => {
                let declared = schema.get("properties").and_then(Value::as_object);
                let properties: Vec<(String, RuleId)> =
                    declared.into_iter().flatten().map(|(key, schema)| (key.clone(), self.read(schema))).collect();
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                let others = match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => None,
                    Some(schema) => Some(self.read(schema)),
                    None => Some(self.add(Rule::Anything)),
                };
                Rule::Object(ObjectRule {
                    index: properties.iter().cloned().collect(),
                    properties,
                    required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
                    others,
                })
            }
            _ => Rule::Anything,
        }
    }

    fn choice(&mut self, branches: &[Value]) -> Rule {
        let merged: Vec<Map<String, Value>> =
            branches.iter().filter_map(Value::as_object).map(|branch| self.merged(branch)).collect();
        if let Some(tag) = common_tag(&merged) {
            let branches = merged
                .iter()
                .filter_map(|branch| Some((tag_value(branch, &tag)?.to_owned(), branch)))
                .map(|(value, branch)| {
                    let rule = self.rule(branch);
                    (value, self.add(rule))
                })
                .collect();
            return Rule::Tagged { tag, branches };
        }
        let mut words = Vec::new();
        let mut any = Vec::new();
        for branch in branches {
            let id = self.read(branch);
            match self.rules.get(id) {
                Some(Rule::Any(inner)) => any.extend(inner.iter().copied()),
                Some(Rule::Word(several)) => words.extend(several.iter().cloned()),
                _ => any.push(id),
            }
        }
        if !words.is_empty() {
            if any.is_empty() {
                return Rule::Word(words);
            }
            any.push(self.add(Rule::Word(words)));
        }
        Rule::Any(any)
    }
}

fn is_annotation(key: &str) -> bool {
    matches!(
        key,
        "title" | "description" | "default" | "examples" | "deprecated" | "$comment" | "readOnly" | "writeOnly"
    ) || key.starts_with("x-")
        || key.starts_with("markdown")
}

fn fold(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (key.as_str(), into.get_mut(&key), value) {
            ("properties", Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            ("required", Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (_, _, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn constant(values: Vec<Value>) -> Rule {
    let words: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    words.map_or(Rule::Constant(values), Rule::Word)
}

fn tag_value<'a>(branch: &'a Map<String, Value>, tag: &str) -> Option<&'a str> {
    branch.get("properties")?.get(tag)?.get("const")?.as_str()
}

/// The key whose value tells the branches apart: required in each, with another text in each.
fn common_tag(branches: &[Map<String, Value>]) -> Option<String> {
    let first = branches.first()?.get("properties")?.as_object()?;
    let tells_apart = |tag: &&String| {
        branches.iter().all(|branch| {
            let required = branch.get("required").and_then(Value::as_array);
            tag_value(branch, tag).is_some() && required.is_some_and(|keys| keys.iter().any(|key| key == tag.as_str()))
        })
    };
    first.keys().find(tells_apart).cloned()
}

/// What fits into the integer type that schemars names as the format.
fn machine_range(format: Option<&str>) -> (f64, f64) {
    match format {
        Some("uint8") => (0.0, f64::from(u8::MAX)),
        Some("int8") => (f64::from(i8::MIN), f64::from(i8::MAX)),
        Some("uint16") => (0.0, f64::from(u16::MAX)),
        Some("int16") => (f64::from(i16::MIN), f64::from(i16::MAX)),
        Some("uint32") => (0.0, f64::from(u32::MAX)),
        Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
        Some("uint64" | "uint") => (0.0, f64::INFINITY),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::format::FORMATS, is_annotation};

    const CHECKED: [&str; 20] = [
        "$ref",
        "$defs",
        "$schema",
        "allOf",
        "anyOf",
        "oneOf",
        "const",
        "enum",
        "type",
        "format",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "items",
        "minItems",
        "maxItems",
        "properties",
        "required",
        "additionalProperties",
    ];

    fn walk(schema: &Value, visit: &mut dyn FnMut(&serde_json::Map<String, Value>)) {
        match schema {
            Value::Object(object) => {
                visit(object);
                for (key, value) in object {
                    match (key.as_str(), value) {
                        ("properties" | "$defs", Value::Object(named)) => named.values().for_each(|s| walk(s, visit)),
                        ("default" | "const" | "enum" | "examples", _) => {}
                        _ => walk(value, visit),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
            _ => {}
        }
    }

    #[test]
    fn no_constraint_of_the_schema_goes_unchecked() {
        let schema = super::super::scene_schema();
        let mut seen = 0;
        walk(&schema, &mut |object| {
            seen += 1;
            for (key, value) in object {
                let known = CHECKED.contains(&key.as_str()) || is_annotation(key);
                assert!(known || key == "pattern", "`{key}` is not checked: {object:?}");
                if key == "format" && object["type"] == "string" {
                    let known = FORMATS.iter().any(|format| *value == format.name);
                    assert!(known, "nobody checks the format {value}");
                }
            }
            // A pattern is checked by its format alone.
            assert!(!object.contains_key("pattern") || object.contains_key("format"), "{object:?}");
        });
        assert!(seen > 100, "the walk covers the schema");
    }

    #[test]
    fn the_schema_tells_editors_what_things_are() {
        let schema = super::super::scene_schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let described = |pointer: &str| schema.pointer(pointer).is_some_and(|s| s["description"].is_string());
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            assert!(described(&format!("/$defs/{name}")), "{name} has no description");
            let text = definition["description"].as_str().unwrap();
            assert!(!text.contains("[`") && !text.contains("\n "), "{name} is described for readers of code: {text}");
        }
        let layer = &schema["$defs"]["LayerDocument"];
        assert_eq!(layer["required"], serde_json::json!(["id", "content"]));
        for (key, property) in layer["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{key}");
            let optional = !matches!(key.as_str(), "id" | "content" | "mask");
            assert_eq!(property.get("default").is_some(), optional, "{key}");
        }
    }
}
