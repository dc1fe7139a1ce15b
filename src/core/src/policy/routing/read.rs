//! Routing as people write it: the contract's JSON, with every problem named at once.

use super::{Conditions, Routing, Rule, Temperature, is_auto};
use crate::policy::capability::capability;
use crate::policy::catalog::Catalog;
use crate::policy::priority::Priority;
use hashbrown::HashSet;
use serde_json::{Map, Value};

/// Most rules of one routing: each is looked at for every request that names `auto`.
const MAX_RULES: usize = 100;
/// Most texts a rule looks for in a system prompt.
pub(super) const MAX_TEXTS: usize = 64;
/// The longest text of any kind, in bytes.
pub(super) const MAX_TEXT: usize = 256;
/// The longest name of a rule or routing, in bytes.
const MAX_NAME: usize = 64;

impl Routing {
    /// Reads and checks `{name, fallback_model, rules: [{name, match_conditions, target_model,
    /// fallback?}]}`. A field that is `null` is absent.
    ///
    /// # Errors
    /// Every problem found, each a phrase that begins with the field it is about.
    pub fn read(value: &Value, catalog: &Catalog) -> Result<Routing, Vec<String>> {
        let mut problems = Vec::new();
        let routing = read(value, &mut problems);
        check_models(&routing, catalog, &mut problems);
        match problems.is_empty() {
            true => Ok(routing),
            false => Err(problems),
        }
    }
}

fn read(value: &Value, problems: &mut Vec<String>) -> Routing {
    let mut fields = Fields::of(value, "", problems);
    let name = fields.name("name").unwrap_or_else(|| "default".to_owned());
    let fallback_model = fields.text("fallback_model");
    let rules = fields.list("rules", MAX_RULES);
    fields.finish();
    let mut names = HashSet::new();
    let mut read_rules = Vec::with_capacity(rules.len());
    for (at, rule) in rules.iter().enumerate() {
        let rule = read_rule(rule, &format!("rules[{at}]."), problems);
        if !rule.name.is_empty() && !names.insert(rule.name.clone()) {
            let name = &rule.name;
            problems.push(format!("rules[{at}].name: '{name}' is there twice"));
        }
        read_rules.push(rule);
    }
    if read_rules.is_empty() && fallback_model.is_none() && problems.is_empty() {
        problems.push("rules: give at least one rule or a fallback_model".to_owned());
    }
    Routing {
        name,
        fallback_model,
        rules: read_rules,
    }
}

fn read_rule(value: &Value, at: &str, problems: &mut Vec<String>) -> Rule {
    let mut fields = Fields::of(value, at, problems);
    let name = fields.name("name");
    let target_model = fields.text("target_model");
    let fallback = fields.text("fallback");
    let conditions = fields.take("match_conditions");
    fields.finish();
    for (field, is_missing) in [
        ("name", name.is_none()),
        ("target_model", target_model.is_none()),
    ] {
        let told = |problem: &String| problem.starts_with(&format!("{at}{field}:"));
        if is_missing && value.is_object() && !problems.iter().any(told) {
            problems.push(format!("{at}{field}: is missing"));
        }
    }
    let at = format!("{at}match_conditions.");
    Rule {
        name: name.unwrap_or_default(),
        match_conditions: conditions
            .map(|value| read_conditions(&value, &at, problems))
            .unwrap_or_default(),
        target_model: target_model.unwrap_or_default(),
        fallback,
    }
}

fn read_conditions(value: &Value, at: &str, problems: &mut Vec<String>) -> Conditions {
    let mut fields = Fields::of(value, at, problems);
    let texts = match fields.values.get("system_prompt_contains") {
        Some(Value::String(_)) => fields.text("system_prompt_contains").into_iter().collect(),
        _ => {
            let list = fields.list("system_prompt_contains", MAX_TEXTS);
            let texts: Vec<String> = list.iter().filter_map(as_text).collect();
            if texts.len() < list.len() {
                fields.problem(
                    "system_prompt_contains",
                    "must be texts of 1 to 256 bytes, not blank",
                );
            }
            texts
        }
    };
    let conditions = Conditions {
        max_output_tokens: fields.read(
            "max_output_tokens",
            "must be a whole number from 1 to 9223372036854775807",
            // What documents call `int64`.
            |value| value.as_i64().filter(|count| *count > 0)?.try_into().ok(),
        ),
        temperature: fields.read("temperature", "must be a number from 0 to 100", |value| {
            Temperature::from_number(value.as_f64()?)
        }),
        system_prompt_contains: texts,
        batch_mode: fields.read("batch_mode", "must be true or false", Value::as_bool),
        priority: fields.read(
            "priority",
            "must be high, standard, low or background",
            |value| Priority::named(value.as_str()?.trim().as_bytes()),
        ),
        model_capability_required: fields.read(
            "model_capability_required",
            "must be one word, such as vision, tools or json",
            |value| capability(value.as_str()?),
        ),
    };
    fields.finish();
    conditions
}

fn check_models(routing: &Routing, catalog: &Catalog, problems: &mut Vec<String>) {
    let mut named: Vec<(String, &str, Option<&str>)> = Vec::new();
    for (at, rule) in routing.rules.iter().enumerate() {
        let needs = rule.match_conditions.model_capability_required.as_deref();
        named.push((
            format!("rules[{at}].target_model"),
            &rule.target_model,
            needs,
        ));
        if let Some(fallback) = &rule.fallback {
            named.push((format!("rules[{at}].fallback"), fallback, needs));
        }
    }
    if let Some(fallback) = &routing.fallback_model {
        named.push(("fallback_model".to_owned(), fallback, None));
    }
    for (field, name, needs) in named {
        if name.is_empty() {
            continue;
        }
        if is_auto(name) {
            problems.push(format!("{field}: 'auto' cannot lead to itself"));
            continue;
        }
        let Some(model) = catalog.resolve(name) else {
            problems.push(format!("{field}: there is no model '{name}'"));
            continue;
        };
        if let Some(needed) = needs.filter(|needed| !model.may_have(needed)) {
            problems.push(format!(
                "{field}: '{name}' does not have the capability '{needed}' that the rule requires"
            ));
        }
    }
}

/// The fields of an object, each to be taken once.
struct Fields<'v, 'p> {
    values: Map<String, Value>,
    at: &'v str,
    problems: &'p mut Vec<String>,
}

impl<'v, 'p> Fields<'v, 'p> {
    fn of(value: &Value, at: &'v str, problems: &'p mut Vec<String>) -> Self {
        let values = match value {
            Value::Object(values) => values.clone(),
            _ => {
                let what = if at.is_empty() { "routing" } else { at };
                let what = what.trim_end_matches('.');
                problems.push(format!("{what}: must be an object"));
                Map::new()
            }
        };
        Fields {
            values,
            at,
            problems,
        }
    }

    fn problem(&mut self, field: &str, problem: &str) {
        self.problems.push(format!("{}{field}: {problem}", self.at));
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.values.remove(field).filter(|value| !value.is_null())
    }

    /// A field that `read` can read, or that is a `problem`.
    fn read<T>(
        &mut self,
        field: &str,
        problem: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(field)?;
        let found = read(&value);
        if found.is_none() {
            self.problem(field, problem);
        }
        found
    }

    fn text(&mut self, field: &str) -> Option<String> {
        self.read(
            field,
            "must be a text of 1 to 256 bytes, not blank",
            as_text,
        )
    }

    fn name(&mut self, field: &str) -> Option<String> {
        let problem =
            "must be 1 to 64 visible ASCII characters or blanks, because it is sent in a header";
        self.read(field, problem, |value| {
            let name = as_text(value)?;
            let is_visible = name
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_graphic());
            (is_visible && name.len() <= MAX_NAME).then_some(name)
        })
    }

    fn list(&mut self, field: &str, most: usize) -> Vec<Value> {
        let problem = format!("must be a list of at most {most}");
        let list = self.read(field, &problem, |value| {
            let list = value.as_array()?;
            (list.len() <= most).then(|| list.clone())
        });
        list.unwrap_or_default()
    }

    /// Nothing else was there.
    fn finish(mut self) {
        let unknown: Vec<String> = self.values.keys().cloned().collect();
        for field in unknown {
            self.problem(&field, "there is no such field");
        }
    }
}

/// A text that is neither blank nor too long, without outer blanks.
fn as_text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (1..=MAX_TEXT)
        .contains(&text.len())
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Routing, Vec<String>> {
        Routing::read(&value, &Catalog::builtin())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = json!({
            "name": "by cost", "fallback_model": "deepseek",
            "rules": [
                {"name": "short", "match_conditions": {
                    "max_output_tokens": 256, "temperature": 0.7,
                    "system_prompt_contains": ["Summarize", "translate"], "batch_mode": true,
                    "priority": "background", "model_capability_required": "tools"},
                 "target_model": "gemini", "fallback": "gpt-4.1"},
                {"name": "all", "match_conditions": {}, "target_model": "claude-sonnet-4.5"},
            ],
        });
        let routing = read(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&routing).unwrap(), written);
        let again: Routing = serde_json::from_value(written).unwrap();
        assert_eq!(again, routing, "as gateways are told it");
        let short = json!({"rules": [{"name": "a", "target_model": "gpt4", "match_conditions":
            {"system_prompt_contains": "one", "priority": null,
             "model_capability_required": "Function-Calling"}}]});
        let routing = read(short).unwrap();
        assert_eq!(routing.name, "default");
        let conditions = &routing.rules[0].match_conditions;
        assert_eq!(conditions.system_prompt_contains, ["one"]);
        assert_eq!(
            conditions.model_capability_required.as_deref(),
            Some("tools")
        );
    }

    #[test]
    fn every_problem_is_named_with_its_field() {
        let wrong = json!({
            "name": "a\nb", "colour": 1, "fallback_model": "gpt-9", "rules": [
                {"name": "a", "target_model": "auto", "fallback": "", "weight": 2,
                 "match_conditions": {"temperature": -1, "max_output_tokens": 0, "batch_mode": "yes",
                    "priority": "urgent", "system_prompt_contains": ["", 1], "hour": 3,
                    "model_capability_required": "two words"}},
                {"name": "a", "target_model": "gpt-8"},
                {"match_conditions": []},
                7,
            ],
        });
        let problems = read(wrong).unwrap_err();
        for part in [
            "name: must be 1 to 64",
            "colour: there is no such field",
            "fallback_model: there is no model 'gpt-9'",
            "rules[0].target_model: 'auto' cannot",
            "rules[0].fallback: must be a text",
            "rules[0].weight: there is no such field",
            "rules[0].match_conditions.temperature: must",
            "rules[0].match_conditions.hour: there",
            "rules[0].match_conditions.max_output_tokens: must",
            "rules[0].match_conditions.batch_mode: must",
            "rules[0].match_conditions.priority: must",
            "rules[0].match_conditions.system_prompt_contains: must",
            "rules[0].match_conditions.model_capability_required: must",
            "rules[1].name: 'a' is there twice",
            "rules[1].target_model: there is no model 'gpt-8'",
            "rules[2].name: is missing",
            "rules[2].target_model: is missing",
            "rules[2].match_conditions: must be an object",
            "rules[3]: must be an object",
        ] {
            let found = problems
                .iter()
                .filter(|problem| problem.starts_with(part))
                .count();
            assert_eq!(found, 1, "{part} in {problems:#?}");
        }
        assert_eq!(problems.len(), 19, "{problems:#?}");
        let beyond = json!({"rules": [
            {"match_conditions": {"max_output_tokens": 9_223_372_036_854_775_808_u64}},
        ]});
        let beyond = read(beyond).unwrap_err();
        assert_eq!(beyond.len(), 3, "{beyond:#?}");
        assert_eq!(read(json!([])).unwrap_err(), ["routing: must be an object"]);
        assert_eq!(
            read(json!({})).unwrap_err(),
            ["rules: give at least one rule or a fallback_model"]
        );
        assert!(read(json!({"rules": vec![json!(1); 101]})).unwrap_err()[0].starts_with("rules: "));
    }

    #[test]
    fn a_target_must_have_what_its_rule_requires() {
        let mut catalog = Catalog::builtin();
        catalog.models[0].capabilities = vec!["tools".to_owned()];
        let rule = |target: &str| {
            json!({"rules": [{"name": "a", "target_model": target,
            "match_conditions": {"model_capability_required": "vision"}}]})
        };
        let problems = Routing::read(&rule("gpt-4.1"), &catalog).unwrap_err();
        assert!(
            problems[0].contains("does not have the capability 'vision'"),
            "{problems:?}"
        );
        // A model that does not say what it can do may have it.
        Routing::read(&rule("claude"), &catalog).unwrap();
    }
}
