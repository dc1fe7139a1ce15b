//! The audit as a stream: a page of the database at a time, however long it is. No transaction is
//! open while a client reads.

use super::cursor::{Cursor, WHOLE};
use super::entry::{AuditEntry, CALL, CORRECTION, Entry, REFUSED_CALL};
use super::names::Names;
use crate::api::csv_text;
use crate::state::SharedApp;
use axum::body::Bytes;
use paddock_ledger::model::audit::SegmentKind;
use paddock_ledger::store::StoreError;
use paddock_ledger::store::audit::{self, Link, SegmentFilter};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `{"object":"list","data":[…],"has_more":…,"next_cursor":…}`
    Json,
    /// A header and one line an entry.
    Csv,
}

/// Which entries, and what of them.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which segments.
    pub scope: SegmentFilter,
    /// Only from this moment on, in nanoseconds.
    pub from: i64,
    /// Only before this moment, in nanoseconds.
    pub until: i64,
    /// Only this action; if it ends with a dot, those that begin with it.
    pub action: Option<String>,
    /// Which fields, in this order.
    pub fields: Vec<&'static str>,
    /// How they are written.
    pub format: Format,
    /// At most this many.
    pub limit: Option<u64>,
    /// Only what comes after it.
    pub cursor: Option<Cursor>,
}

impl Wanted {
    fn is_wanted(&self, entry: &Entry) -> bool {
        let at = entry.at();
        let action = entry.action();
        at >= self.from
            && at < self.until
            && self.action.as_deref().is_none_or(|wanted| {
                action == wanted || (wanted.ends_with('.') && action.starts_with(wanted))
            })
    }

    /// The kind of segments that may have what is wanted.
    pub fn kind(action: &str) -> SegmentKind {
        let is_it =
            |call: &str| call == action || (action.ends_with('.') && call.starts_with(action));
        if [CALL, REFUSED_CALL, CORRECTION].into_iter().any(is_it) {
            SegmentKind::Calls
        } else {
            SegmentKind::Changes
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Middle,
    Ended,
}

/// An export under way.
pub struct Export {
    app: SharedApp,
    wanted: Wanted,
    names: Names,
    stage: Stage,
    /// How far it is: all before it is done.
    position: Option<Cursor>,
    written: u64,
    has_more: bool,
}

impl Export {
    /// An export at its beginning.
    pub fn new(app: SharedApp, wanted: Wanted) -> Export {
        Export {
            app,
            position: wanted.cursor.clone(),
            wanted,
            names: Names::default(),
            stage: Stage::Beginning,
            written: 0,
            has_more: false,
        }
    }

    /// The next piece of it; `None` at its end.
    ///
    /// # Errors
    /// If the database does not answer: what was sent is incomplete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut text = Vec::new();
        match self.stage {
            Stage::Ended => return Ok(None),
            Stage::Beginning => text.extend(self.head()),
            Stage::Middle => {}
        }
        self.stage = Stage::Middle;
        let app = self.app.clone();
        let _turn = app.pages.acquire().await;
        let page = self.page().await?;
        let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
        let page = page.into_iter().map(|entry| entry.view(&self.names));
        let fields = &self.wanted.fields;
        text.extend(match self.wanted.format {
            Format::Json => json_rows(page, fields, self.written == 0),
            Format::Csv => {
                csv_text::rows(page.map(|entry| csv_row(&entry, fields))).unwrap_or_default()
            }
        });
        self.written = self.written.saturating_add(count);
        if self.stage == Stage::Ended {
            text.extend(self.tail());
        }
        Ok(Some(Bytes::from(text)))
    }

    /// The next entries that are wanted; sets the stage if they are the last.
    async fn page(&mut self) -> Result<Vec<Entry>, StoreError> {
        let mut page = Vec::new();
        let mut tx = self.app.store.read().await?;
        let position = self.position.clone();
        let at = position.as_ref().map(|cursor| match cursor.done {
            WHOLE => audit::At::After(&cursor.position),
            _ => audit::At::From(&cursor.position),
        });
        let links = audit::listed(&mut tx, &self.wanted.scope, at).await?;
        if links.is_empty() {
            self.stage = Stage::Ended;
            return Ok(page);
        }
        let mut contents = audit::contents(&mut tx, &links).await?;
        let begun = links
            .first()
            .zip(position)
            .filter(|(link, cursor)| position_of(link) == cursor.position);
        let mut skip = begun.map_or(0, |(_, cursor)| cursor.done);
        'links: for link in &links {
            let mut entries: Vec<Entry> = match link.segment.kind {
                SegmentKind::Calls => contents
                    .calls(link)
                    .into_iter()
                    .map(|row| Entry::Call(link.sequence, Box::new(row)))
                    .collect(),
                SegmentKind::Changes => contents
                    .change(link)
                    .into_iter()
                    .map(|row| Entry::Change(Box::new(row)))
                    .collect(),
                SegmentKind::Unknown => Vec::new(),
            };
            if self.wanted.scope.descending {
                entries.reverse();
            }
            for (number, entry) in entries.into_iter().enumerate() {
                if number < skip || !self.wanted.is_wanted(&entry) {
                    continue;
                }
                let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
                if self.wanted.limit == Some(self.written.saturating_add(count)) {
                    self.has_more = true;
                    self.stage = Stage::Ended;
                    break 'links;
                }
                page.push(entry);
                let done = number.saturating_add(1);
                self.position = Some(Cursor {
                    position: position_of(link),
                    done,
                });
            }
            skip = 0;
            self.position = Some(Cursor {
                position: position_of(link),
                done: WHOLE,
            });
        }
        let keys = page.iter().map(Entry::key);
        self.names.load(&mut tx, keys).await?;
        Ok(page)
    }

    fn head(&self) -> Vec<u8> {
        match self.wanted.format {
            Format::Json => br#"{"object":"list","data":["#.to_vec(),
            Format::Csv => {
                let names = self.wanted.fields.iter().map(|name| (*name).to_owned());
                csv_text::rows([names.collect()].into_iter()).unwrap_or_default()
            }
        }
    }

    fn tail(&self) -> Vec<u8> {
        match self.wanted.format {
            Format::Csv => Vec::new(),
            Format::Json => {
                let cursor = self.position.as_ref().filter(|_| self.has_more);
                let cursor = json!(cursor.map(Cursor::write));
                let has_more = self.has_more;
                format!(r#"],"has_more":{has_more},"next_cursor":{cursor}}}"#).into_bytes()
            }
        }
    }
}

/// Entries as objects of a list, with commas between them and before all but the first of the list.
pub(super) fn json_rows(
    entries: impl Iterator<Item = AuditEntry>,
    fields: &[&'static str],
    mut is_first: bool,
) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in entries {
        if !std::mem::take(&mut is_first) {
            text.push(b',');
        }
        let object: Value = entry.fields(fields).into_iter().collect();
        text.extend(object.to_string().into_bytes());
    }
    text
}

/// An entry as the cells of a row.
pub(super) fn csv_row(entry: &AuditEntry, fields: &[&'static str]) -> Vec<String> {
    let fields = entry.fields(fields).into_iter();
    fields.map(|(_, value)| csv_text::cell(&value)).collect()
}

fn position_of(link: &Link) -> audit::SegmentPosition {
    let segment = &link.segment;
    (
        segment.hour.secs(),
        segment.organization.clone(),
        link.sequence,
    )
}
