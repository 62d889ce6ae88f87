//! The description of the API for programs: OpenAPI 3.1, made from the types that the routes read and write.
//!
//! Each family describes its routes in a function beside them, with what is here: see the module above. Examples are not
//! decoration: tests call every route with them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use components::{document::describe_for_people, edit::At};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use crate::control::problem;

/// Where the types lie.
const SCHEMAS: &str = "/components/schemas";
/// Beginnings of the paths that are the API; all other routes are pages and their parts.
const API: [&str; 6] = ["/api/", "/stream/", "/health/", "/metrics", "/live/", "/ws"];
/// What answers where a route is part of the API under two prefixes.
const ALIAS: (&str, &str) = ("/stream/", "/api/stream/");

/// The patterns of the routes that are served; each route adds itself.
#[derive(Default)]
pub(in crate::control) struct Served(Mutex<BTreeSet<&'static str>>);

impl Served {
    pub(super) fn add(&self, pattern: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pattern);
    }

    fn of_the_api(&self) -> Vec<String> {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        served.iter().filter(|path| API.iter().any(|api| path.starts_with(api))).map(|path| canonical(path)).collect()
    }
}

/// A pattern as the document has it: `/stream/layers/:id` is `/api/stream/layers/{id}`.
fn canonical(pattern: &str) -> String {
    let (alias, prefix) = ALIAS;
    let path = match pattern.strip_prefix(alias) {
        Some(rest) => format!("{prefix}{rest}"),
        None => pattern.to_owned(),
    };
    let part = |part: &str| part.strip_prefix(':').map_or(part.to_owned(), |name| format!("{{{name}}}"));
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The document as far as it has been written.
pub(super) struct Api {
    generator: SchemaGenerator,
    tags: Vec<Value>,
    tag: &'static str,
    paths: Map<String, Value>,
}

impl Api {
    pub(super) fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
        settings.transforms.push(Box::new(RecursiveTransform(describe_for_people)));
        Self { generator: settings.into_generator(), tags: Vec::new(), tag: "", paths: Map::new() }
    }

    /// Begins a family of routes: those that follow belong to it.
    pub(super) fn family(&mut self, name: &'static str, about: &str) {
        self.tag = name;
        self.tags.push(json!({ "name": name, "description": plain(about) }));
    }

    /// A route, by the pattern that it is served under.
    pub(super) fn route(&mut self, pattern: &str) -> Path<'_> {
        Path { path: canonical(pattern), api: self, parameters: Vec::new() }
    }

    /// The whole document.
    pub(super) fn finish(mut self, served: &Served) -> Value {
        let problem = self.generator.subschema_for::<problem::Document<'_>>().to_value();
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Stream Manager",
                "version": env!("CARGO_PKG_VERSION"),
                "description": ABOUT,
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "servers": [{ "url": "/", "description": "The service that answers this document" }],
            "security": [{ "token": [] }, {}],
            "tags": self.tags,
            "paths": self.paths,
            "components": {
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer",
                    "description": "One of `API_TOKEN`, `API_CONTROL_TOKEN` and `API_READ_TOKEN`, if any is set" } },
                "responses": { "Problem": {
                    "description": "Why the request was not carried out (RFC 9457)",
                    "content": { "application/problem+json": { "schema": problem } },
                } },
                "headers": {
                    "Stream-Tick": { "description": "The tick that the answer shows, or whose frame shows first what was done",
                        "schema": { "type": "integer", "minimum": 0 } },
                    "ETag": { "description": "What stands for all that the document says, for `If-Match` and `If-None-Match`",
                        "schema": { "type": "string", "pattern": "^\"[0-9a-f]{32}\"$" } },
                    "Location": { "description": "The path of what was made", "schema": { "type": "string" } },
                },
                "schemas": self.generator.take_definitions(true),
            },
        });
        let described: BTreeSet<&String> = document["paths"].as_object().into_iter().flat_map(Map::keys).collect();
        let undescribed: Vec<String> =
            served.of_the_api().into_iter().filter(|path| !described.contains(path)).collect();
        if !undescribed.is_empty() {
            document["x-undescribed"] = json!(undescribed);
        }
        document
    }
}

/// What holds for all routes.
const ABOUT: &str = "Steers a running stream. Documents are JSON with camelCase keys; in what is sent, comments and \
trailing commas are welcome.\n\n\
Every path under `/api/stream/` answers under `/stream/` too. `GET` answers to `HEAD` as well.\n\n\
Every answer to an edit names the tick whose frame shows it first, as `tick` and in the header `Stream-Tick`, and \
whether it is stored for good, as `persisted`. With `at` an edit waits for a tick of the future.\n\n\
What goes wrong is told as a problem document (RFC 9457); `errors` has an entry for each fault of a document, with a JSON \
pointer into what was sent, what was found and what was expected. Of a batch whose edits do not go with the scene, the \
first such edit is told.\n\n\
Documents that are read and written have an `ETag`. An edit with `If-Match`, or anything else that is done with a \
document, is carried out only if the document is still that one, and is refused with 412 otherwise; so is every `POST` \
with a tag in `If-Match` where there is no version to compare. A `PUT` answers 201 if it made the document and 200 if it \
was there; with `If-None-Match: *` it is carried out only if there is none yet. ETags of outputs are others after each \
start. Parts of a path may be percent-encoded; bodies must not have a `Content-Encoding`.\n\n\
A request with an `Idempotency-Key` can be sent again safely: it is \
carried out once, and answered each time, for an hour, as long as no thousand others with keys come after it. Keys do not \
outlive the service: after a restart or a kill the same key carries the request out once more, which `If-Match` can prevent.";

/// A path on its way into the document.
pub(super) struct Path<'a> {
    api: &'a mut Api,
    path: String,
    parameters: Vec<Value>,
}

impl Path<'_> {
    /// What stands at `:name` in the pattern.
    pub(super) fn parameter(mut self, name: &str, example: &str, about: &str) -> Self {
        self.parameters.push(json!({ "name": name, "in": "path", "required": true, "description": plain(about),
            "schema": { "type": "string", "minLength": 1 }, "example": example }));
        self
    }

    /// A method that the route takes.
    pub(super) fn on(self, method: &str, summary: &str, write: impl FnOnce(Operation<'_>) -> Operation<'_>) -> Self {
        let mut parameters = Vec::new();
        if method != "get" {
            parameters.push(json!({ "name": "Idempotency-Key", "in": "header",
                "description": "Lets the request be sent again and be carried out once",
                "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
                // A key stands for one request: each has its own.
                "example": format!("key-of-{}", operation_id(method, &self.path)) }));
        }
        let operation =
            Operation { generator: &mut self.api.generator, value: Map::new(), parameters, responses: Map::new() };
        let Operation { mut value, parameters, mut responses, .. } = write(operation);
        responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
        value.insert("operationId".to_owned(), operation_id(method, &self.path).into());
        value.insert("summary".to_owned(), summary.into());
        value.insert("tags".to_owned(), json!([self.api.tag]));
        if !parameters.is_empty() {
            value.insert("parameters".to_owned(), parameters.into());
        }
        value.insert("responses".to_owned(), responses.into());
        let path = self.api.paths.entry(self.path.clone()).or_insert_with(|| json!({}));
        if !self.parameters.is_empty() {
            path["parameters"] = self.parameters.clone().into();
        }
        path[method] = value.into();
        self
    }
}

/// `putLayersById`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let path = path.strip_prefix("/stream").unwrap_or(path);
    let mut id = method.to_owned();
    for word in path.split(['/', '-', '.']).filter(|word| !word.is_empty()) {
        let word = match word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
            Some(name) => format!("by-{name}"),
            None => word.to_owned(),
        };
        for word in word.split('-') {
            let mut letters = word.chars();
            id.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            id.push_str(letters.as_str());
        }
    }
    id
}

/// What a method of a route takes and answers.
pub(super) struct Operation<'g> {
    generator: &'g mut SchemaGenerator,
    value: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

impl Operation<'_> {
    /// More than the summary says.
    pub(super) fn about(mut self, text: &str) -> Self {
        self.value.insert("description".to_owned(), plain(text).into());
        self
    }

    /// A query parameter.
    pub(super) fn query(mut self, name: &str, schema: &Value, about: &str) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": "query", "description": plain(about), "schema": schema.clone() }));
        self
    }

    /// That the edit can wait for a tick of the future.
    pub(super) fn at(self) -> Self {
        let schema = self.generator.subschema_for::<At>().to_value();
        let what = "The tick or time that the edit is for, within the next hour; the next tick if absent or past. If the \
            connection is closed before, the edit is not carried out, unless it was sent with an `Idempotency-Key`";
        self.query("at", &schema, what)
    }

    /// That the list is answered in parts.
    pub(super) fn paged(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": super::paging::MOST });
        self.query("limit", &limit, "Entries that the answer has at most; all of them if absent")
            .query("cursor", &json!({ "type": "string" }), "`next` of the answer that this one follows")
            .refuses(400, "A parameter is wrong, or the list has changed so that the cursor says nothing any more")
    }

    /// The document that is sent, and one that the example scene takes.
    pub(super) fn body<T: JsonSchema>(self, example: &Value) -> Self {
        let schema = self.generator.subschema_for::<T>().to_value();
        self.content(&["application/json"], &schema, example)
    }

    /// That a JSON Merge Patch is sent.
    pub(super) fn patch(self, example: &Value) -> Self {
        let schema = json!({ "type": "object", "description": "A JSON Merge Patch (RFC 7396) of the document" });
        self.content(&["application/merge-patch+json", "application/json"], &schema, example)
    }

    /// A file that is sent.
    pub(super) fn file(self, types: &[&str]) -> Self {
        self.content(types, &json!({ "type": "string", "contentMediaType": "application/octet-stream" }), &Value::Null)
    }

    /// A document that is sent, or nothing, which is its default.
    pub(super) fn optional<T: JsonSchema>(self, example: &Value) -> Self {
        let mut operation = self.body::<T>(example);
        operation.value["requestBody"]["required"] = false.into();
        operation
    }

    fn content(mut self, types: &[&str], schema: &Value, example: &Value) -> Self {
        let content = if example.is_null() {
            json!({ "schema": schema })
        } else {
            json!({ "schema": schema, "example": example })
        };
        let content: Map<String, Value> = types.iter().map(|name| ((*name).to_owned(), content.clone())).collect();
        self.value.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        self.refuses(400, "The body cannot be read, or a parameter is wrong")
            .refuses(413, "The body is too large")
            .refuses(415, "The body is of another type, or packed: it takes no `Content-Encoding`")
            .refuses(422, "The document is not valid; `errors` tells all that is wrong with it")
    }

    /// An answer with a document.
    pub(super) fn answers<T: JsonSchema>(mut self, status: u16, about: &str) -> Self {
        let schema = self.generator.subschema_for::<T>().to_value();
        self.insert(status, about, json!({ "application/json": { "schema": schema } }));
        self
    }

    /// An answer with something else.
    pub(super) fn media(mut self, status: u16, types: &[&str], about: &str) -> Self {
        let content: Map<String, Value> = types.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        self.insert(status, about, content.into());
        self
    }

    /// An answer without a body.
    pub(super) fn empty(mut self, status: u16, about: &str) -> Self {
        self.responses.insert(status.to_string(), json!({ "description": plain(about) }));
        self
    }

    /// A problem that is likely here.
    pub(super) fn refuses(mut self, status: u16, about: &str) -> Self {
        let schema = self.generator.subschema_for::<problem::Document<'_>>().to_value();
        self.insert(status, about, json!({ "application/problem+json": { "schema": schema } }));
        self
    }

    /// A header of the answers that succeed.
    fn header(mut self, name: &str) -> Self {
        for (status, response) in &mut self.responses {
            if status.starts_with('2') {
                response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
            }
        }
        self
    }

    /// That the answers written so far name their tick.
    pub(super) fn ticks(self) -> Self {
        self.header("Stream-Tick")
    }

    /// That the answers written so far name what they made.
    pub(super) fn locates(self) -> Self {
        self.header("Location")
    }

    /// That the answers written so far have an `ETag`.
    pub(super) fn tagged(self) -> Self {
        self.header("ETag")
    }

    /// That the read can ask whether the document is still the one that the client has.
    pub(super) fn revalidates(mut self) -> Self {
        self.parameters.push(json!({ "name": "If-None-Match", "in": "header",
            "description": "ETags of the document that the client has", "schema": tags() }));
        self.tagged().empty(304, "The client has the document")
    }

    /// That the edit can ask for the document to be one that the client knows.
    pub(super) fn conditional(mut self) -> Self {
        self.parameters.push(json!({ "name": "If-Match", "in": "header",
            "description": "ETags of which the document must have one", "schema": tags() }));
        self.refuses(412, "The document has changed since it was read; the header `ETag` has that of the present one")
    }

    /// That the edit, which may make the document, answers 201 then, and can ask for it not to be there yet.
    pub(super) fn creates(mut self) -> Self {
        if let Some(changed) = self.responses.get("200") {
            let mut made = changed.clone();
            made["description"] = "It was not there before, and is made".into();
            self.responses.insert("201".to_owned(), made);
        }
        self.parameters.push(json!({ "name": "If-None-Match", "in": "header",
            "description": "`*` has the request refused with 412 if the document is there already",
            "schema": { "type": "string", "enum": ["*"] } }));
        self
    }

    fn insert(&mut self, status: u16, about: &str, content: Value) {
        self.responses.insert(status.to_string(), json!({ "description": plain(about), "content": content }));
    }
}

/// What headers with tags look like.
fn tags() -> Value {
    json!({ "type": "string", "pattern": "^(\\*|(W/)?\"[^\"]*\"( *, *(W/)?\"[^\"]*\")*)$" })
}

/// Text that was wrapped in the source.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_after_their_paths() {
        assert_eq!(operation_id("put", "/api/stream/layers/{id}"), "putLayersById");
        assert_eq!(operation_id("get", "/api/config"), "getConfig");
        assert_eq!(operation_id("get", "/api/openapi.json"), "getOpenapiJson");
        assert_eq!(canonical("/stream/control"), "/api/stream/control");
        assert_eq!(canonical("/api/stream/layers/:id/visibility"), "/api/stream/layers/{id}/visibility");
    }
}
