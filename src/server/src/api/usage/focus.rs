//! `GET /v1/usage/table?format=focus`: the bill in the columns of FOCUS 1.2, the FinOps Open Cost and Usage
//! Specification (<https://focus.finops.org/focus-specification/v1-2/>), which finance tools import.
//!
//! A row is what a namespace was charged for one model on one UTC day, by the tags that its keys and the
//! namespace had then. There are no discounts here, so all four costs are the same.

use super::selection::Asked;
use crate::api::csv_text;
use crate::api::prelude::*;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::calendar::Calendar;
use paddock_ledger::model::correction::UNNAMED;
use paddock_ledger::model::period::DAY;
use paddock_ledger::store::charges::{self, Charge};
use paddock_ledger::store::{Tx, catalog, tags};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// Most rows.
const ROWS: u64 = 50_000;

/// Every mandatory column, and those others that are known here, in the order of their names.
const COLUMNS: [&str; 33] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_Requests",
];

/// The rows of whole UTC days.
///
/// # Errors
/// 400 if the time is not whole days, or has more rows than are written at once.
pub async fn export(tx: &mut Tx, asked: &Asked) -> Result<Response, ApiError> {
    let (start, end) = (asked.time.start, asked.time.end);
    let is_whole = |at: Timestamp| at.secs().is_multiple_of(DAY);
    if !is_whole(start) || !is_whole(end) {
        let message = "FOCUS has whole UTC days: send days like 2026-03-15.";
        return Err(ApiError::invalid("start_date", message));
    }
    if asked.selection.key.is_some() {
        let message = "FOCUS has namespaces and their tags, no keys: leave 'key' out.";
        return Err(ApiError::invalid("key", message));
    }
    let charges = charges::of_days(tx, &asked.selection, (start, end), ROWS).await?;
    let Some(charges) = charges else {
        let message =
            format!("There are more than {ROWS} rows: ask for fewer days or a namespace.");
        return Err(ApiError::invalid("start_date", message));
    };
    let models = catalog::load(tx).await?.models.into_iter();
    let upstreams: HashMap<String, String> =
        models.map(|model| (model.name, model.upstream)).collect();
    let ids: BTreeSet<&str> = charges.iter().map(|one| one.tag_set.as_str()).collect();
    let sets = tags::sets(tx, &ids).await?.into_iter();
    let sets: BTreeMap<String, Value> = sets
        .map(|set| (set.id.clone(), object(set.labels())))
        .collect();
    let rows = charges.iter().map(|charge| {
        let upstream = upstreams.get(&charge.model).map(String::as_str);
        let row = row(charge, upstream, sets.get(&charge.tag_set));
        let cell = |name: &&str| csv_text::cell(row.get(*name).unwrap_or(&Value::Null));
        COLUMNS.iter().map(cell).collect()
    });
    let head = COLUMNS.map(str::to_owned).to_vec();
    let text = csv_text::rows(std::iter::once(head).chain(rows)).unwrap_or_default();
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"focus.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}

/// Labels as FOCUS writes tags: those without a value are `true`.
fn object(labels: BTreeSet<String>) -> Value {
    let labels = labels.into_iter().map(|label| match label.split_once(':') {
        Some((name, value)) => (name.to_owned(), json!(value)),
        None => (label, json!(true)),
    });
    Value::Object(labels.collect())
}

fn row(charge: &Charge, upstream: Option<&str>, tags: Option<&Value>) -> Map<String, Value> {
    let day = Timestamp::from_secs(charge.day);
    let month = Calendar::default().window(CapPeriod::Monthly, day);
    let cost = charge.cost.to_dollars();
    let is_correction = charge.model == UNNAMED;
    let provider = upstream.unwrap_or("unknown");
    let service = if is_correction {
        "Correction"
    } else {
        &charge.model
    };
    let columns = json!({
        "BilledCost": cost,
        "BillingAccountId": charge.organization,
        "BillingAccountName": charge.organization,
        "BillingAccountType": "Organization",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": month.end.to_rfc3339(),
        "BillingPeriodStart": month.start.to_rfc3339(),
        "ChargeCategory": if is_correction { "Adjustment" } else { "Usage" },
        "ChargeClass": Value::Null,
        "ChargeDescription": if is_correction {
            "Corrections by the operator".to_owned()
        } else {
            format!("Calls of {}", charge.model)
        },
        "ChargeFrequency": if is_correction { "One-Time" } else { "Usage-Based" },
        "ChargePeriodEnd": day.plus(Duration::from_secs(DAY)).to_rfc3339(),
        "ChargePeriodStart": day.to_rfc3339(),
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": "Paddock",
        "ListCost": cost,
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": service,
        "ServiceSubcategory": "Generative AI",
        "SubAccountId": charge.namespace,
        "SubAccountName": charge.namespace,
        "SubAccountType": "Namespace",
        "Tags": tags.map_or_else(|| json!({}), Value::clone),
        "x_Requests": charge.requests,
    });
    let mut row = match columns {
        Value::Object(row) => row,
        _ => Map::new(),
    };
    if !is_correction {
        row.extend([
            ("ConsumedQuantity".to_owned(), json!(charge.tokens)),
            ("ConsumedUnit".to_owned(), json!("Tokens")),
            ("PricingCategory".to_owned(), json!("Standard")),
            ("PricingQuantity".to_owned(), json!(charge.tokens)),
            ("PricingUnit".to_owned(), json!("Tokens")),
            ("SkuId".to_owned(), json!(charge.model)),
        ]);
    }
    row
}
