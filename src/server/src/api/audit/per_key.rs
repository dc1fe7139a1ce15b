//! `GET /v1/audit?aggregation=per_key`: what each key used, from rollups, a page at a time.

use super::entry::AuditEntry;
use super::export::{Format, csv_row, json_rows};
use super::names::Names;
use crate::api::csv_text;
use crate::state::SharedApp;
use axum::body::Bytes;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::report;
use paddock_ledger::store::costs::{self, Days, KeyTotals, Reach, RollupInterval};
use paddock_ledger::store::{StoreError, Tx};

/// Keys of one page of the database.
const PAGE: u64 = 1_000;

/// The fields there are, in their order.
const FIELDS: [&str; 7] = [
    "api_key_id",
    "key_name",
    "project",
    "requests",
    "input_tokens",
    "output_tokens",
    "cost_usd",
];

/// The sums of each key, on their way to a client.
pub struct PerKey {
    app: SharedApp,
    reach: Reach,
    time: (Timestamp, Timestamp),
    /// The rollups that cover the time, once they were looked up.
    pieces: Option<Vec<RollupInterval>>,
    format: Format,
    fields: Vec<&'static str>,
    names: Names,
    /// The last key and namespace written; `None` at the end.
    after: Option<(String, String)>,
    is_first: bool,
}

impl PerKey {
    /// Of a time, in whole minutes around it; longer ago in hours or days.
    pub fn new(
        app: SharedApp,
        reach: Reach,
        time: (Timestamp, Timestamp),
        format: Format,
        include_cost: bool,
    ) -> PerKey {
        let fields = FIELDS.into_iter();
        PerKey {
            app,
            time,
            pieces: None,
            reach,
            format,
            fields: fields
                .filter(|field| include_cost || *field != "cost_usd")
                .collect(),
            names: Names::default(),
            after: Some((String::new(), String::new())),
            is_first: true,
        }
    }

    /// The next piece of it; `None` at its end.
    ///
    /// # Errors
    /// If the database does not answer: what was sent is incomplete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some((key, namespace)) = self.after.take() else {
            return Ok(None);
        };
        let app = self.app.clone();
        let _turn = app.pages.acquire().await;
        let mut tx = app.store.read().await?;
        let after = (key.as_str(), namespace.as_str());
        let pieces = match self.pieces.take() {
            Some(pieces) => pieces,
            None => self.cover(&mut tx).await?,
        };
        let rows = costs::totals_of_keys(&mut tx, &self.reach, &pieces, after, PAGE).await?;
        self.pieces = Some(pieces);
        let ids = rows.iter().map(|row| row.key_id.as_str());
        self.names.load(&mut tx, ids).await?;
        let is_full = u64::try_from(rows.len()).unwrap_or(0) >= PAGE;
        let last = rows.last().filter(|_| is_full);
        self.after = last.map(|row| (row.key_id.clone(), row.namespace.clone()));
        let text = match self.format {
            Format::Json => self.json(rows),
            Format::Csv => self.csv(rows),
        };
        self.is_first = false;
        Ok(Some(Bytes::from(text)))
    }

    /// The whole of today if the time ends later than now.
    async fn cover(&self, tx: &mut Tx) -> Result<Vec<RollupInterval>, StoreError> {
        let ((from, until), now) = (self.time, self.app.now());
        let until = match until > now {
            true => until.max(now.end_of_day()),
            false => until,
        };
        report::cover_days(
            tx,
            Days {
                start: from,
                end: until,
            },
            now,
        )
        .await
    }

    fn view(&self, row: KeyTotals) -> AuditEntry {
        AuditEntry {
            key_name: self.names.of(&row.key_id).map(str::to_owned),
            api_key_id: Some(row.key_id),
            project: Some(row.namespace),
            requests: Some(row.requests),
            input_tokens: Some(row.input_tokens),
            output_tokens: Some(row.output_tokens),
            cost_usd: Some(Money::from_nanos(row.cost).to_dollars()),
            ..AuditEntry::default()
        }
    }

    fn json(&self, rows: Vec<KeyTotals>) -> Vec<u8> {
        let mut text = Vec::new();
        if self.is_first {
            text.extend(br#"{"object":"list","aggregation":"per_key","data":["#);
        }
        let rows = rows.into_iter().map(|row| self.view(row));
        text.extend(json_rows(rows, &self.fields, self.is_first));
        if self.after.is_none() {
            text.extend(br#"],"has_more":false,"next_cursor":null}"#);
        }
        text
    }

    fn csv(&self, rows: Vec<KeyTotals>) -> Vec<u8> {
        let names = self.fields.iter().map(|name| (*name).to_owned());
        let head = self.is_first.then(|| names.collect());
        let rows = rows.into_iter().map(|row| self.view(row));
        let rows = rows.map(|entry| csv_row(&entry, &self.fields));
        csv_text::rows(head.into_iter().chain(rows)).unwrap_or_default()
    }
}
