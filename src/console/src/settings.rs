//! What a page shows of an object's settings, and lets be changed.

use crate::api::Refusal;
use crate::format::texts;
use crate::html::{Field, input};
use crate::params::{Kind, Params};
use maud::{Markup, html};
use serde_json::{Map, Value};

/// A setting.
#[derive(Clone, Copy)]
pub struct Setting {
    label: &'static str,
    /// Its name in the API.
    name: &'static str,
    kind: Kind,
    hint: &'static str,
    /// Whether the object has it from what is above it until it has one of its own (`own_limits`).
    is_inherited: bool,
}

impl Setting {
    /// One that only the object itself has.
    pub const fn own(
        label: &'static str,
        name: &'static str,
        kind: Kind,
        hint: &'static str,
    ) -> Setting {
        Setting {
            label,
            name,
            kind,
            hint,
            is_inherited: false,
        }
    }

    /// One that comes from above where the object has none.
    pub const fn inherited(
        label: &'static str,
        name: &'static str,
        kind: Kind,
        hint: &'static str,
    ) -> Setting {
        Setting {
            is_inherited: true,
            ..Setting::own(label, name, kind, hint)
        }
    }

    /// The object's own, as it is filled in: empty if it has none.
    fn current(&self, of: &Value) -> String {
        let own = texts(of, "own_limits");
        match of.get(self.name) {
            Some(value) if !self.is_inherited => self.kind.shown(value),
            // Each part is its own or inherited.
            Some(Value::Object(parts)) => {
                let is_own = |part: &str| own.contains(&format!("{}.{part}", self.name).as_str());
                let parts = parts.iter().filter(|(part, _)| is_own(part));
                let parts = parts.map(|(part, value)| (part.clone(), value.clone()));
                self.kind.shown(&Value::Object(parts.collect()))
            }
            Some(value) if own.contains(&self.name) => self.kind.shown(value),
            _ => String::new(),
        }
    }

    /// What is said beside its field, which is filled in with `value`.
    fn hint(&self, of: &Value, value: &str) -> String {
        match of.get(self.name) {
            Some(Value::Number(number)) if value.is_empty() => format!("Now in force: {number}"),
            _ => self.hint.to_owned(),
        }
    }
}

/// What is in force, for those who may not change it.
pub fn facts(settings: &[Setting], of: &Value) -> Markup {
    html! {
        dl.facts {
            @for setting in settings {
                @let value = of.get(setting.name).unwrap_or(&Value::Null);
                @if !value.is_null() { dt { (setting.label) } dd { (setting.kind.shown(value)) } }
            }
        }
    }
}

/// A form's fields, filled in as they were if that was refused.
pub fn fields(settings: &[Setting], of: &Value, tried: Option<(&Params, &Refusal)>) -> Markup {
    let filled_in = |setting: &Setting| match tried {
        Some((params, _)) => params.get(setting.name).to_owned(),
        None => setting.current(of),
    };
    html! {
        @for setting in settings {
            @let value = filled_in(setting);
            (input(&Field {
                label: setting.label,
                name: setting.name,
                value: &value,
                kind: if setting.kind == Kind::Number { "number" } else { "text" },
                hint: &setting.hint(of, &value),
                required: setting.name == "name",
            }))
        }
    }
}

/// What was changed, and nothing else: the body of a `PATCH`.
pub fn changed(settings: &[Setting], of: &Value, filled_in: &Params) -> Map<String, Value> {
    let changed = settings.iter().filter_map(|setting| {
        let value = filled_in.get(setting.name);
        let is_changed = value != setting.current(of);
        is_changed.then(|| (setting.name.to_owned(), setting.kind.json(value)))
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SETTINGS: [Setting; 2] = [
        Setting::inherited("Rate", "rate", Kind::Number, "A minute."),
        Setting::own("Labels", "tags", Kind::Tags, ""),
    ];

    #[test]
    fn only_what_differs_from_the_objects_own_is_changed() {
        let inherited = json!({ "rate": 60, "own_limits": [], "tags": ["a"] });
        let own = json!({ "rate": 60, "own_limits": ["rate"], "tags": ["a"] });
        for (of, filled_in, expected) in [
            (&inherited, "rate=&tags=a", json!({})),
            (&inherited, "rate=60&tags=a", json!({ "rate": 60 })),
            (&own, "rate=60&tags=", json!({ "tags": null })),
            (&own, "rate=&tags=a", json!({ "rate": null })),
        ] {
            let filled_in = Params::read(filled_in.as_bytes());
            let changed = changed(&SETTINGS, of, &filled_in);
            assert_eq!(Value::Object(changed), expected);
        }
        let quotas = Setting::inherited("Quotas", "quotas", Kind::Numbers, "");
        let both =
            json!({ "quotas": { "hourly": 2.0, "total": 9.0 }, "own_limits": ["quotas.hourly"] });
        assert_eq!(quotas.current(&both), "hourly: 2");
        let shown = fields(&SETTINGS, &inherited, None).into_string();
        assert!(shown.contains("Now in force: 60"), "{shown}");
        let shown = fields(&SETTINGS, &own, None).into_string();
        assert!(shown.contains("A minute."), "{shown}");
    }
}
