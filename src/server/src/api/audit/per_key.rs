//! `GET /v1/audit?aggregation=per_key`: what each key used, from rollups, a page at a time.

use super::csv_text;
use super::export::Format;
use super::names::Names;
use crate::state::SharedApp;
use axum::body::Bytes;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::report;
use paddock_ledger::store::costs::{self, Days, KeyTotals, Reach, RollupInterval};
use paddock_ledger::store::{StoreError, Tx};
use serde_json::{Map, Value, json};

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

/// An aggregation under way.
pub struct PerKey {
    app: SharedApp,
    reach: Reach,
    time: (Timestamp, Timestamp),
    /// What the time is covered by, once that was asked.
    pieces: Option<Vec<RollupInterval>>,
    format: Format,
    fields: Vec<&'static str>,
    names: Names,
    /// The last key and namespace told; `None` at the end.
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
    /// Where the database fails: what was sent is not the whole.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some((key, namespace)) = self.after.take() else {
            return Ok(None);
        };
        let mut tx = self.app.store.read().await?;
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
            Format::Json => self.json(&rows),
            Format::Csv => self.csv(&rows),
        };
        self.is_first = false;
        Ok(Some(Bytes::from(text)))
    }

    /// The whole of today where the time ends later than now.
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

    fn field(&self, row: &KeyTotals, name: &str) -> Value {
        match name {
            "api_key_id" => json!(row.key_id),
            "key_name" => json!(self.names.of(&row.key_id)),
            "project" => json!(row.namespace),
            "requests" => json!(row.requests),
            "input_tokens" => json!(row.input_tokens),
            "output_tokens" => json!(row.output_tokens),
            _ => json!(Money::from_nanos(row.cost).to_dollars()),
        }
    }

    fn json(&self, rows: &[KeyTotals]) -> Vec<u8> {
        let head = r#"{"object":"list","aggregation":"per_key","data":["#;
        let mut text = if self.is_first {
            head.to_owned()
        } else {
            String::new()
        };
        for (number, row) in rows.iter().enumerate() {
            if number > 0 || !self.is_first {
                text.push(',');
            }
            let fields = self.fields.iter();
            let object: Map<String, Value> = fields
                .map(|name| ((*name).to_owned(), self.field(row, name)))
                .collect();
            text.push_str(&Value::Object(object).to_string());
        }
        if self.after.is_none() {
            text.push_str(r#"],"has_more":false,"next_cursor":null}"#);
        }
        text.into_bytes()
    }

    fn csv(&self, rows: &[KeyTotals]) -> Vec<u8> {
        let names = self.fields.iter().map(|name| (*name).to_owned());
        let head = self.is_first.then(|| names.collect());
        let cells = |row: &KeyTotals| {
            let fields = self.fields.iter();
            fields
                .map(|name| csv_text::cell(&self.field(row, name)))
                .collect()
        };
        csv_text::rows(head.into_iter().chain(rows.iter().map(cells))).unwrap_or_default()
    }
}
