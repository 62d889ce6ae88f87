//! Whether a document has the structure that a schema asks for.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    fault::{Fault, MAX_FAULTS},
    rules::{ObjectRule, Rule, RuleId, Rules, TextRule, quoted},
    source::{Data, Member, Node, Source, push_token},
    words::{Telling, alternatives, counted, nearest, shown_pointer},
};

/// Keys that an object may have if all of them are to be listed where an unknown one is found.
const LISTED_KEYS: usize = 16;
/// The same where none of them is near to the unknown one.
const MOST_LISTED_KEYS: usize = 24;

/// Everything in `source` that the rules do not allow, in the order of the document.
pub(super) fn check(source: &Source, rules: &Rules) -> Vec<Fault> {
    let mut walk = Walk { source, rules, pointer: String::new(), faults: Vec::new() };
    walk.value(&source.root, rules.root);
    walk.faults
}

struct Walk<'a> {
    source: &'a Source,
    rules: &'a Rules,
    pointer: String,
    faults: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn fault(&mut self, offset: usize, found: String, expected: String, nearest: Option<&str>) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        self.faults.push(Fault {
            place: self.source.place_at(offset),
            pointer: shown_pointer(&self.pointer),
            found,
            expected,
            nearest: nearest.map(str::to_owned),
        });
    }

    fn within(&mut self, token: &str, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        check(self);
        self.pointer.truncate(length);
    }

    /// The same for a key that may not be known: those are not told where texts are not.
    fn within_key(&mut self, key: &str, is_known: bool, check: impl FnOnce(&mut Self)) {
        if is_known || self.source.telling == Telling::Open { self.within(key, check) } else { check(self) }
    }

    fn found(&self, node: &Node) -> String {
        match &node.data {
            Data::Scalar(value) => self.source.telling.value(value),
            Data::List(items) if items.is_empty() => "an empty list".to_owned(),
            Data::Object(members) if members.is_empty() => "an empty object".to_owned(),
            Data::List(_) => "a list".to_owned(),
            Data::Object(_) | Data::Unreadable => "an object".to_owned(),
        }
    }

    fn value(&mut self, node: &Node, id: RuleId) {
        // More are not told.
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        match (self.rules.get(id), &node.data) {
            (_, Data::Unreadable)
            | (Rule::Anything, _)
            | (Rule::Null, Data::Scalar(Value::Null))
            | (Rule::Bool, Data::Scalar(Value::Bool(_))) => {}
            (Rule::Number(rule), Data::Scalar(Value::Number(number))) => {
                let value = number.as_f64().unwrap_or(f64::NAN);
                let whole = !rule.whole || number.is_i64() || number.is_u64();
                if !whole || !(rule.min..=rule.max).contains(&value) {
                    // A number where one belongs is no secret.
                    self.fault(node.offset, format!("`{number}`"), self.rules.expected(id), None);
                }
            }
            (Rule::Text(rule), Data::Scalar(Value::String(text))) => self.text(node, id, rule, text),
            (Rule::Word(words), Data::Scalar(Value::String(text))) => {
                if !words.contains(text) {
                    let near = nearest(text, words.iter().map(String::as_str));
                    let found = self.source.telling.text(text);
                    self.fault(node.offset, found, self.rules.expected(id), near.map(quoted).as_deref());
                }
            }
            (Rule::Constant(values), Data::Scalar(value)) if values.contains(value) => {}
            (Rule::List(rule), Data::List(items)) => {
                if items.len() < rule.min || rule.max.is_some_and(|max| items.len() > max) {
                    self.fault(
                        node.offset,
                        format!("a list of {}", counted(items.len(), "item", "items")),
                        self.rules.expected(id),
                        None,
                    );
                }
                for (index, item) in items.iter().enumerate() {
                    self.within(&index.to_string(), |walk| walk.value(item, rule.items));
                }
            }
            (Rule::Object(rule), Data::Object(members)) => self.object(node, rule, members, None),
            (Rule::Tagged { tag, branches }, Data::Object(members)) => self.tagged(node, tag, branches, members),
            (Rule::Any(branches), _) => self.any(node, id, branches),
            _ => self.unexpected(node, id),
        }
    }

    fn unexpected(&mut self, node: &Node, id: RuleId) {
        self.fault(node.offset, self.found(node), self.rules.expected(id), None);
    }

    fn text(&mut self, node: &Node, id: RuleId, rule: &TextRule, text: &str) {
        let length = text.chars().count();
        if length < rule.min || rule.max.is_some_and(|max| length > max) {
            let found = if length == 0 { "empty text".to_owned() } else { format!("text of {length} characters") };
            self.fault(node.offset, found, self.rules.expected(id), None);
        } else if let Some(format) = rule.format
            && let Err(misfit) = (format.check)(text)
        {
            let expected = misfit.expected.unwrap_or(format.expected.into()).into_owned();
            let found = misfit.found.unwrap_or_else(|| self.source.telling.text(text));
            self.fault(node.offset, found, expected, misfit.nearest.as_deref());
        }
    }

    /// `tag` is the key that decided for this rule; it has been checked.
    fn object(&mut self, node: &Node, rule: &'a ObjectRule, members: &[Member], tag: Option<&str>) {
        let mut first_offsets = HashMap::with_capacity(members.len());
        for member in members {
            first_offsets.entry(member.key.as_str()).or_insert(member.key_offset);
        }
        let absent = |key: &str| !first_offsets.contains_key(key);
        let mut meant = Vec::new();
        for member in members {
            let first = first_offsets.get(member.key.as_str()).copied().unwrap_or_default();
            if first != member.key_offset {
                let (found, expected) = self.source.repeated(&member.key, first);
                let is_known = rule.property(&member.key).is_some();
                self.within_key(&member.key, is_known, |walk| walk.fault(member.key_offset, found, expected, None));
            }
            match rule.property(&member.key).or(rule.others) {
                Some(_) if tag == Some(member.key.as_str()) => {}
                Some(id) => self.within_key(&member.key, rule.property(&member.key).is_some(), |walk| {
                    walk.value(&member.value, id);
                }),
                None => {
                    let known = || rule.properties.iter().map(|(key, _)| key.as_str());
                    let is_free = |key: &&str| absent(key) || self.source.is_left(&self.pointer, key);
                    let near = nearest(&member.key, known().filter(is_free));
                    meant.extend(near);
                    let expected = match rule.properties.len() {
                        0 => "no keys here".to_owned(),
                        1..=LISTED_KEYS => alternatives(known()),
                        ..=MOST_LISTED_KEYS if near.is_none() => alternatives(known()),
                        _ => "a key that is known here".to_owned(),
                    };
                    let found = self.source.telling.unknown_key(&member.key);
                    self.within_key(&member.key, false, |walk| walk.fault(member.key_offset, found, expected, near));
                }
            }
        }
        for key in &rule.required {
            // A misspelt key is one mistake, not two.
            if absent(key) && !meant.contains(&key.as_str()) {
                let value = rule.property(key).map(|id| self.rules.expected(id)).unwrap_or_default();
                self.fault(node.offset, format!("no `{key}`"), format!("`{key}`: {value}"), None);
            }
        }
    }

    fn tagged(&mut self, node: &Node, tag: &str, branches: &'a [(String, RuleId)], members: &[Member]) {
        let names = || branches.iter().map(|(name, _)| name.as_str());
        let all = || {
            let all: Vec<String> = names().map(quoted).collect();
            alternatives(all.iter().map(String::as_str))
        };
        let Some(member) = members.iter().rfind(|member| member.key == tag) else {
            let misspelt = members.iter().find(|member| nearest(&member.key, [tag]).is_some());
            match misspelt {
                Some(member) => self.within_key(&member.key, false, |walk| {
                    let found = walk.source.telling.unknown_key(&member.key);
                    walk.fault(member.key_offset, found, format!("`{tag}`: {}", all()), Some(tag));
                }),
                None => self.fault(node.offset, format!("no `{tag}`"), format!("`{tag}`: {}", all()), None),
            }
            return;
        };
        let Data::Scalar(value) = &member.value.data else {
            if !matches!(member.value.data, Data::Unreadable) {
                self.within(tag, |walk| walk.fault(member.value.offset, walk.found(&member.value), all(), None));
            }
            return;
        };
        let text = value.as_str().unwrap_or_default();
        let mut name = Some(text).filter(|text| names().any(|name| name == *text));
        if name.is_none() {
            name = nearest(text, names());
            let near = name.map(quoted);
            let found = self.source.telling.value(value);
            self.within(tag, |walk| walk.fault(member.value.offset, found, all(), near.as_deref()));
        }
        // Where it is plain what was meant, the rest is checked as that.
        let Some((_, id)) = branches.iter().find(|(branch, _)| Some(branch.as_str()) == name) else { return };
        if let Rule::Object(rule) = self.rules.get(*id) {
            self.object(node, rule, members, Some(tag));
        }
    }

    fn any(&mut self, node: &Node, id: RuleId, branches: &'a [RuleId]) {
        let possible: Vec<RuleId> = branches.iter().copied().filter(|id| self.may_be(node, *id)).collect();
        match possible.as_slice() {
            [] => self.unexpected(node, id),
            [only] if matches!(node.data, Data::Scalar(_)) => {
                let first = self.faults.len();
                self.value(node, *only);
                // What else it could have been is worth telling too.
                for fault in &mut self.faults[first..] {
                    fault.expected = self.rules.expected(id);
                }
            }
            // That it has none of the keys says that something else was meant, where there is something else.
            [only] if self.are_several(branches) && self.is_foreign(node, *only) => self.unexpected(node, id),
            [only] => self.value(node, *only),
            several => {
                let attempts: Vec<Vec<Fault>> = several.iter().map(|id| self.attempt(node, *id)).collect();
                if attempts.iter().any(Vec::is_empty) {
                    return;
                }
                if matches!(node.data, Data::Scalar(_)) {
                    self.unexpected(node, id);
                } else if let Some(best) = attempts.into_iter().min_by_key(Vec::len) {
                    self.faults.extend(best);
                }
            }
        }
    }

    /// Whether more than one of these is something that is there.
    fn are_several(&self, branches: &[RuleId]) -> bool {
        branches.iter().filter(|id| !matches!(self.rules.get(**id), Rule::Null)).count() > 1
    }

    /// Whether it is an object, but has none of the keys that the rule knows, nor any that is near.
    fn is_foreign(&self, node: &Node, id: RuleId) -> bool {
        let (Rule::Object(rule), Data::Object(members)) = (self.rules.get(id), &node.data) else { return false };
        let known = || rule.properties.iter().map(|(key, _)| key.as_str());
        let is_foreign = |member: &Member| nearest(&member.key, known()).is_none();
        rule.others.is_none() && !members.is_empty() && members.iter().all(is_foreign)
    }

    fn attempt(&self, node: &Node, id: RuleId) -> Vec<Fault> {
        let mut walk =
            Walk { source: self.source, rules: self.rules, pointer: self.pointer.clone(), faults: Vec::new() };
        walk.value(node, id);
        walk.faults
    }

    /// Whether the type of the value is one that the rule is about.
    fn may_be(&self, node: &Node, id: RuleId) -> bool {
        match (self.rules.get(id), &node.data) {
            (Rule::Anything, _)
            | (_, Data::Unreadable)
            | (Rule::Null, Data::Scalar(Value::Null))
            | (Rule::Bool, Data::Scalar(Value::Bool(_)))
            | (Rule::Number(_), Data::Scalar(Value::Number(_)))
            | (Rule::Text(_) | Rule::Word(_), Data::Scalar(Value::String(_)))
            | (Rule::List(_), Data::List(_))
            | (Rule::Object(_) | Rule::Tagged { .. }, Data::Object(_)) => true,
            (Rule::Constant(values), Data::Scalar(value)) => values.contains(value),
            (Rule::Any(branches), _) => branches.iter().any(|branch| self.may_be(node, *branch)),
            _ => false,
        }
    }
}
