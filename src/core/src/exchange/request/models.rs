//! `GET /v1/models`, answered by Paddock itself: the caller's own models, and `auto` if its
//! namespace has a routing.

use crate::admission::RateView;
use crate::authorization::ModelRights;
use crate::config::RateHeaders;
use crate::exchange::rate_headers::rate_headers;
use crate::identity::Caller;
use crate::policy::{AUTO, Catalog};
use crate::refusal::Reply;
use serde::Serialize;

/// OpenAI's list of models.
#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<ModelItem<'a>>,
}

#[derive(Serialize)]
struct ModelItem<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
}

pub(crate) fn models_reply(
    caller: &Caller,
    catalog: &Catalog,
    rates: &RateView,
    tells_rates: RateHeaders,
    request_id: &str,
) -> Reply {
    let upstream = |name: &str| {
        let model = catalog.models.iter().find(|model| model.name == name);
        model.map_or("paddock", |model| model.upstream.as_str())
    };
    let auto = caller.namespace().policy.routing.as_ref().map(|_| AUTO);
    let data = ModelRights::of(caller)
        .allowed(catalog)
        .chain(auto)
        .map(|id| ModelItem {
            id,
            object: "model",
            created: 0,
            owned_by: upstream(id),
        })
        .collect();
    let body = serde_json::to_vec(&ModelList {
        object: "list",
        data,
    })
    .unwrap_or_default();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-request-id", request_id.to_owned()),
    ];
    headers.extend(rate_headers(rates, tells_rates));
    Reply {
        status: 200,
        headers,
        body,
    }
}
