//! The page for people, written once from the document for programs. It needs no script and nothing from elsewhere.

use std::{
    collections::BTreeSet,
    fmt::{self, Display, Write as _},
};

use serde_json::{Map, Value};

const STYLE: &str = include_str!("style.css");
/// Methods in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Text on its way into HTML.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The page of a document.
pub(super) fn render(document: &Value) -> String {
    let mut page = Page { html: String::new(), document };
    page.whole();
    page.html
}

struct Page<'a> {
    html: String,
    document: &'a Value,
}

impl<'a> Page<'a> {
    fn push(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.html.write_fmt(text);
    }

    /// Text in which what stands between backticks is code.
    fn prose(&mut self, text: &str) {
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 1 {
                self.push(format_args!("<code>{}</code>", Escaped(part)));
            } else {
                self.push(format_args!("{}", Escaped(part)));
            }
        }
    }

    fn whole(&mut self) {
        let document = self.document;
        let title = text(&document["info"]["title"]);
        self.push(format_args!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{0} API</title><style>{STYLE}</style></head><body><div class=\"layout\">",
            Escaped(title)
        ));
        self.contents();
        self.push(format_args!("<main><h1>{} API</h1>", Escaped(title)));
        self.push(format_args!(
            "<p class=\"faint\">Version {} · <a href=\"/api/openapi.json\">OpenAPI {} for programs</a></p>",
            Escaped(text(&document["info"]["version"])),
            Escaped(text(&document["openapi"]))
        ));
        for paragraph in text(&document["info"]["description"]).split("\n\n") {
            self.push(format_args!("<p>"));
            self.prose(paragraph);
            self.push(format_args!("</p>"));
        }
        for tag in list(&document["tags"]) {
            let name = text(&tag["name"]);
            self.push(format_args!(
                "<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2><p>",
                slug(name),
                Escaped(name)
            ));
            self.prose(text(&tag["description"]));
            self.push(format_args!("</p>"));
            for (path, method, operation, shared) in operations(document, name) {
                self.operation(path, method, operation, shared);
            }
            self.push(format_args!("</section>"));
        }
        self.schemas();
        self.push(format_args!("</main></div></body></html>"));
    }

    fn contents(&mut self) {
        let document = self.document;
        self.push(format_args!("<nav aria-label=\"Contents\">"));
        for tag in list(&document["tags"]) {
            let name = text(&tag["name"]);
            self.push(format_args!("<h2><a href=\"#{}\">{}</a></h2><ul>", slug(name), Escaped(name)));
            for (path, method, operation, _) in operations(document, name) {
                let id = text(&operation["operationId"]);
                let short = path.strip_prefix("/api/stream").unwrap_or(path);
                self.push(format_args!(
                    "<li><a href=\"#{}\"><span class=\"{method}\">{}</span> {}</a></li>",
                    Escaped(id),
                    method.to_uppercase(),
                    Escaped(short)
                ));
            }
            self.push(format_args!("</ul>"));
        }
        self.push(format_args!("<h2><a href=\"#documents\">Documents</a></h2></nav>"));
    }

    fn operation(&mut self, path: &str, method: &str, operation: &'a Value, shared: &'a [Value]) {
        self.push(format_args!(
            "<article id=\"{}\"><details><summary><span class=\"method {method}\">{}</span>\
             <code class=\"path\">{}</code> <span class=\"about\">",
            Escaped(text(&operation["operationId"])),
            method.to_uppercase(),
            Escaped(path)
        ));
        self.prose(text(&operation["summary"]));
        self.push(format_args!("</span></summary><div class=\"inside\">"));
        if let Some(about) = operation["description"].as_str() {
            self.push(format_args!("<p>"));
            self.prose(about);
            self.push(format_args!("</p>"));
        }
        self.parameters(shared.iter().chain(list(&operation["parameters"])));
        if let Some((media, content)) =
            operation["requestBody"]["content"].as_object().and_then(|map| map.iter().next())
        {
            self.push(format_args!("<h3>What is sent</h3><p><code>{}</code>", Escaped(media)));
            self.schema_link(&content["schema"]);
            self.push(format_args!("</p>"));
        }
        self.example(path, method, operation, shared);
        self.push(format_args!(
            "<h3>What is answered</h3><div class=\"scroll\"><table><thead><tr><th>Status</th><th>Meaning</th><th>What</th></tr>\
             </thead><tbody>"
        ));
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let (status, response) = match response["$ref"].as_str() {
                Some(reference) => ("other", self.document.pointer(&reference[1..]).unwrap_or(&Value::Null)),
                None => (status.as_str(), response),
            };
            self.push(format_args!("<tr><td><code>{}</code></td><td>", Escaped(status)));
            self.prose(text(&response["description"]));
            self.push(format_args!("</td><td>"));
            for (index, (media, content)) in response["content"].as_object().into_iter().flatten().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                if content["schema"].is_null() {
                    self.push(format_args!("{comma}<code>{}</code>", Escaped(media)));
                } else {
                    self.schema_link(&content["schema"]);
                }
            }
            self.push(format_args!("</td></tr>"));
        }
        self.push(format_args!("</tbody></table></div></div></details></article>"));
    }

    fn parameters<'p>(&mut self, parameters: impl Iterator<Item = &'p Value>) {
        let mut is_first = true;
        for parameter in parameters {
            if std::mem::take(&mut is_first) {
                self.push(format_args!(
                    "<h3>Parameters</h3><div class=\"scroll\"><table><thead><tr><th>Name</th><th>In</th><th>Meaning</th></tr>\
                     </thead><tbody>"
                ));
            }
            self.push(format_args!(
                "<tr><td><code>{}</code></td><td>{}</td><td>",
                Escaped(text(&parameter["name"])),
                Escaped(text(&parameter["in"]))
            ));
            self.prose(text(&parameter["description"]));
            self.push(format_args!("</td></tr>"));
        }
        if !is_first {
            self.push(format_args!("</tbody></table></div>"));
        }
    }

    /// A request as it would be sent from a shell.
    fn example(&mut self, path: &str, method: &str, operation: &Value, shared: &[Value]) {
        let mut path = path.to_owned();
        for parameter in shared {
            let name = format!("{{{}}}", text(&parameter["name"]));
            path = path.replace(&name, text(&parameter["example"]));
        }
        let body = operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
        let method = method.to_uppercase();
        let mut command =
            if method == "GET" { format!("curl $HOST{path}") } else { format!("curl -X {method} $HOST{path}") };
        if let Some((media, content)) = body {
            let example = serde_json::to_string_pretty(&content["example"]).unwrap_or_default().replace('\'', "'\\''");
            let _ = write!(command, " \\\n  -H 'Content-Type: {media}' \\\n  -d '{example}'");
        }
        self.push(format_args!("<h3>Example</h3><pre><code>{}</code></pre>", Escaped(&command)));
    }

    /// Links to the document that a schema is, if it has a name.
    fn schema_link(&mut self, schema: &Value) {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            self.push(format_args!(" <a href=\"#schema-{0}\">{0}</a>", Escaped(name)));
        }
    }

    fn schemas(&mut self) {
        let document = self.document;
        self.push(format_args!(
            "<section aria-labelledby=\"documents\"><h2 id=\"documents\">Documents</h2>\
             <p>What is sent and answered, as JSON Schemas.</p>"
        ));
        for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            self.push(format_args!(
                "<article id=\"schema-{0}\"><details><summary><code class=\"path\">{0}</code> <span class=\"about\">",
                Escaped(name)
            ));
            let about = text(&schema["description"]);
            self.prose(about.split("\n\n").next().unwrap_or_default());
            self.push(format_args!("</span></summary><div class=\"inside\">"));
            self.properties(schema);
            let source = serde_json::to_string_pretty(schema).unwrap_or_default();
            self.push(format_args!(
                "<h3>Schema</h3><pre><code>{}</code></pre></div></details></article>",
                Escaped(&source)
            ));
        }
        self.push(format_args!("</section>"));
    }

    fn properties(&mut self, schema: &Value) {
        let Some(properties) = schema["properties"].as_object() else { return };
        let required: BTreeSet<&str> = list(&schema["required"]).iter().filter_map(Value::as_str).collect();
        self.push(format_args!(
            "<div class=\"scroll\"><table><thead><tr><th>Key</th><th>What</th><th>Meaning</th></tr></thead><tbody>"
        ));
        for (key, property) in properties {
            let must = if required.contains(key.as_str()) { "" } else { " <span class=\"faint\">optional</span>" };
            self.push(format_args!("<tr><td><code>{}</code>{must}</td><td>", Escaped(key)));
            self.kind(property);
            self.push(format_args!("</td><td>"));
            self.prose(text(&property["description"]));
            self.push(format_args!("</td></tr>"));
        }
        self.push(format_args!("</tbody></table></div>"));
    }

    /// What a value is, in a word.
    fn kind(&mut self, schema: &Value) {
        if schema["$ref"].is_string() {
            return self.schema_link(schema);
        }
        if schema["items"].is_object() {
            self.push(format_args!("list of "));
            return self.kind(&schema["items"]);
        }
        let branches = list(&schema["anyOf"]);
        if !branches.is_empty() {
            for (index, branch) in branches.iter().enumerate() {
                self.push(format_args!("{}", if index == 0 { "" } else { " or " }));
                self.kind(branch);
            }
            return;
        }
        match &schema["type"] {
            Value::String(name) => self.push(format_args!("{}", Escaped(name))),
            Value::Array(names) => {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                self.push(format_args!("{}", Escaped(&names.join(" or "))));
            }
            _ => {}
        }
    }
}

/// The operations of a family: path, method, operation, and the parameters that all operations of the path share.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<(&'a str, &'static str, &'a Value, &'a [Value])> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let item: Option<&Map<String, Value>> = item.as_object();
        METHODS.iter().filter_map(move |method| {
            let item = item?;
            let shared = item.get("parameters").map(list).unwrap_or_default();
            Some((path.as_str(), *method, item.get(*method)?, shared))
        })
    });
    all.filter(|(_, _, operation, _)| operation["tags"][0] == *tag).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
