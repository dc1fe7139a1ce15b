//! `GET /v1/cost-attribution?period=&group_by=team|key|user|tag|model&breakdown=by_model`.

mod groups;

use crate::app::SharedApp;
use crate::domain::report::DayRange;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::costs::Reach;
use crate::store::reports::Sums;
use axum::Json;
use axum::extract::{Query, State};
use groups::GroupBy;
pub(super) use groups::{OTHERS, key_labels, user_label};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a group cost.
#[derive(Debug, Serialize)]
pub struct Cost {
    total: f64,
    request_count: u64,
    tokens: u64,
}

impl From<Sums> for Cost {
    fn from(sums: Sums) -> Cost {
        Cost {
            total: sums.cost.to_dollars(),
            request_count: sums.requests,
            tokens: sums.tokens,
        }
    }
}

/// By group, and by model where that is asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Attribution {
    /// `{GROUP: {MODEL: cost}}`
    ByModel(BTreeMap<String, BTreeMap<String, Cost>>),
    /// `{GROUP: cost}`
    Total(BTreeMap<String, Cost>),
}

/// Answers the operator about everything, an admin about its organization, and every other key
/// about its own namespace; whole UTC days.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Attribution>, ApiError> {
    let mut query = Parameters::new(query);
    let (namespace, organization) = (query.take("namespace"), query.take("organization"));
    let (organization, namespace) = super::audit::reach(&caller, namespace, organization)?;
    let period = query.take("period");
    let days = DayRange::parse(period.as_deref().unwrap_or("current_month"), app.now());
    let days = days.ok_or_else(|| {
        let message = "'period' must be current_month, previous_month, all, or a number of days \
                       like 7d.";
        ApiError::invalid("period", message)
    })?;
    let group_by = query.take("group_by").unwrap_or_else(|| "team".to_owned());
    let group_by = GroupBy::parse(&group_by).ok_or_else(|| {
        let message = "'group_by' must be team, key, user, tag or model.";
        ApiError::invalid("group_by", message)
    })?;
    let breakdown = query.take("breakdown");
    query.finish()?;
    let by_model = match breakdown.as_deref() {
        None => false,
        Some("by_model") => true,
        Some(_) => {
            let message = "'breakdown' must be by_model, or left out.";
            return Err(ApiError::invalid("breakdown", message));
        }
    };
    let reach = Reach {
        organization,
        namespace,
    };
    let mut tx = app.store.read().await?;
    let groups = groups::sums(&mut tx, group_by, &reach, days).await?;
    Ok(Json(if by_model {
        let costs = |models: BTreeMap<String, Sums>| {
            let costs = models.into_iter();
            costs.map(|(model, sums)| (model, sums.into())).collect()
        };
        let groups = groups.into_iter();
        Attribution::ByModel(
            groups
                .map(|(group, models)| (group, costs(models)))
                .collect(),
        )
    } else {
        let cost = |models: BTreeMap<String, Sums>| {
            let sums = models.into_values();
            sums.fold(Sums::default(), Sums::plus).into()
        };
        let groups = groups.into_iter();
        Attribution::Total(
            groups
                .map(|(group, models)| (group, cost(models)))
                .collect(),
        )
    }))
}
