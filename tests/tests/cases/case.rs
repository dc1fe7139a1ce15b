//! The cases as they are written down.

use paddock_tests::installation::Limits;
use paddock_tests::upstream::Script;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One case: one request, or several steps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    pub title: String,
    /// Why this is right, where it is not plain.
    pub why: Option<String>,
    /// Which installation of `installations.json` it needs, if not the usual one.
    #[serde(default)]
    pub installation: String,
    /// Fields of its namespace that are others than usual.
    #[serde(default)]
    pub namespace: Map<String, Value>,
    /// Settings of its namespace.
    #[serde(default)]
    pub settings: Map<String, Value>,
    pub ask: Option<Ask>,
    /// What is answered: an answer's name, or
    pub answer: Option<String>,
    /// all of it.
    pub upstream: Option<Script>,
    #[serde(default)]
    pub steps: Vec<Step>,
    #[serde(default)]
    pub expect: Expect,
}

/// A part of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub ask: Option<Ask>,
    pub answer: Option<String>,
    pub upstream: Option<Script>,
    /// How often one after the other; `{n}` in a text of the body is the number, from 0.
    #[serde(default = "one")]
    pub repeat: u64,
    /// How often at the same time.
    #[serde(default = "one")]
    pub parallel: u64,
    /// Whether a second namespace asks.
    #[serde(default)]
    pub other: bool,
    /// What the operator asks before: method, path and body. `$OTHER` is the id of the other's key.
    pub manage: Option<(String, String, Value)>,
    /// How long to wait afterwards, in milliseconds.
    #[serde(default)]
    pub wait_ms: u64,
    #[serde(default)]
    pub expect: Expect,
}

/// A request. The four fields of its kind are what differs from a usual body of that kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub chat: Option<Map<String, Value>>,
    pub messages: Option<Map<String, Value>>,
    pub responses: Option<Map<String, Value>>,
    pub generate: Option<Map<String, Value>>,
    pub method: Option<String>,
    pub path: Option<String>,
    pub body: Option<Value>,
    pub text: Option<String>,
    pub b64: Option<String>,
    /// `$KEY` in a value is the caller's key.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMore<String>>,
    /// Whether the key is shown as usual, where no header `authorization` is given.
    #[serde(default = "yes")]
    pub key: bool,
    /// The size of the chunks of the body.
    pub chunked: Option<usize>,
    pub version: Option<String>,
    /// How long the body follows the head, in milliseconds.
    #[serde(default)]
    pub body_delay_ms: u64,
    pub leave: Option<Leave>,
    /// Whether the client closes its sending half after the request.
    #[serde(default)]
    pub half_close: bool,
}

/// When the client goes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// After this text of the body,
    pub after: Option<String>,
    /// seen so often;
    #[serde(default = "one")]
    pub times: u64,
    /// or after so many milliseconds.
    pub after_ms: Option<u64>,
}

/// What must be. The usual status is 200.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    // Of the answer.
    pub status: Option<OneOrMore<u16>>,
    pub code: Option<OneOrMore<String>>,
    pub body_has: Option<String>,
    pub body_lacks: Option<String>,
    pub body_bytes_at_least: Option<usize>,
    pub header_is: Option<(String, String)>,
    pub header_has: Option<String>,
    pub header_lacks: Option<String>,
    // Of what the upstream was asked.
    pub upstream_requests: Option<usize>,
    pub upstream_target_lacks: Option<String>,
    pub upstream_target_is: Option<String>,
    pub upstream_body_has: Option<String>,
    pub upstream_lacks_headers: Vec<String>,
    pub upstream_lacks_key: bool,
    // Of the ledger.
    /// A complete call, not estimated, of exactly these tokens, and at this price.
    pub bill: Option<Bill>,
    pub outcome: Option<OneOrMore<String>>,
    pub estimated: Option<bool>,
    /// Exactly these; those not named are zero.
    pub tokens: Option<BTreeMap<String, i64>>,
    /// Exactly these images, seconds, characters and searches.
    pub units: Option<BTreeMap<String, i64>>,
    pub at_least: BTreeMap<String, i64>,
    pub at_most: BTreeMap<String, i64>,
    pub cost_nanos: Option<i64>,
    pub cost_above: Option<i64>,
    pub user: Option<String>,
    pub user_bytes_at_most: Option<usize>,
    pub requested_model_bytes_at_most: Option<usize>,
    // Of a case of several calls.
    /// All statuses, sorted.
    pub statuses: Option<Vec<u16>>,
    /// How many calls were served, at least.
    pub served_at_least: Option<usize>,
    pub booked_usd_at_most: Option<f64>,
    /// How many lines the ledger has.
    pub lines: Option<usize>,
    /// How many different end users it names.
    pub users: Option<usize>,
    // Of the access log.
    pub access_log_line_bytes_at_most: Option<usize>,
}

/// What a complete call costs.
#[derive(Deserialize)]
pub struct Bill {
    pub nanos: Option<i64>,
    #[serde(flatten)]
    pub tokens: BTreeMap<String, i64>,
}

/// One value or several: one of them must be, or all are sent.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMore<T> {
    pub fn list(&self) -> &[T] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::Many(many) => many,
        }
    }
}

/// How an installation differs from the usual one.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Fields of the filter's configuration.
    pub plugin: Map<String, Value>,
    /// Envoy's.
    pub limits: Limits,
    /// Whether the ledger is in PostgreSQL.
    pub postgres: bool,
}

/// All that is written down.
pub struct Book {
    pub cases: Vec<Case>,
    pub answers: BTreeMap<String, Script>,
    pub installations: BTreeMap<String, Settings>,
    /// The fields of every namespace.
    pub namespace: Map<String, Value>,
    pub prices: BTreeMap<String, Value>,
    /// The cases that are known to differ.
    pub open: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Setup {
    installations: BTreeMap<String, Settings>,
    namespace: Map<String, Value>,
    prices: BTreeMap<String, Value>,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

impl Book {
    pub fn read() -> Book {
        let folder = paddock_local::root().join("tests/tests/cases/data");
        let setup: Setup = parse(&folder.join("setup.json"));
        let open = std::fs::read_to_string(folder.join("open")).unwrap();
        let ids = open.lines().filter(|line| !line.starts_with('#'));
        let mut book = Book {
            cases: Vec::new(),
            answers: parse(&folder.join("answers.json")),
            installations: setup.installations,
            namespace: setup.namespace,
            prices: setup.prices,
            open: ids
                .flat_map(str::split_whitespace)
                .map(str::to_owned)
                .collect(),
        };
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("cases"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            book.cases.extend(parse::<Vec<Case>>(&file));
        }
        book.check();
        book
    }

    fn check(&self) {
        let mut ids = BTreeSet::new();
        for case in &self.cases {
            assert!(ids.insert(&case.id), "there are two cases {}", case.id);
        }
        for id in &self.open {
            assert!(ids.contains(id), "open: there is no case {id}");
        }
    }

    /// The cases to run: all, or those that `PADDOCK_CASES` names.
    pub fn chosen(&self) -> Vec<&Case> {
        let Ok(wanted) = std::env::var("PADDOCK_CASES") else {
            return self.cases.iter().collect();
        };
        let wanted: BTreeSet<&str> = wanted.split(',').collect();
        let chosen = self.cases.iter().filter(|case| wanted.contains(&*case.id));
        chosen.collect()
    }

    pub fn script(&self, name: &Option<String>, script: &Option<Script>) -> Script {
        match name {
            Some(name) => (self.answers.get(name))
                .unwrap_or_else(|| panic!("there is no answer {name}"))
                .clone(),
            None => script.clone().unwrap_or_default(),
        }
    }
}

fn parse<T: for<'a> Deserialize<'a>>(file: &Path) -> T {
    let text = std::fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
