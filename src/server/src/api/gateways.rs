//! `GET /v1/gateways`: who was heard of lately, and with which filter.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_ledger::rules::shares;
use paddock_ledger::store::leases::{self, Lent};
use std::collections::BTreeMap;

/// A gateway.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gateway {
    /// Its id: the name of its token, if it has one, and its own.
    id: String,
    /// Always `gateway`.
    object: &'static str,
    /// When it was last heard of, to within five seconds; `null` if not within a day.
    #[schema(format = DateTime)]
    last_seen_at: Option<String>,
    /// The version of its filter; `null` if it has not said one.
    version: Option<String>,
    /// The version of the gateways' protocol that it and the service speak; `null` if it was not heard of.
    protocol: Option<u16>,
    /// Leases of budgets that it has.
    leases: u64,
    /// US dollars of these leases.
    lent_usd: f64,
    /// US dollars of them that are spent.
    spent_usd: f64,
}

/// Lists gateways
///
/// Those that were heard of in the last day, and those that have money on lease. For the operator.
#[utoipa::path(
    get, path = "/v1/gateways", tag = "gateways", operation_id = "list_gateways",
    responses(
        (status = 200, description = "All of them.", body = Page<Gateway>),
        refusals::Forbidden
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
) -> Result<Json<Page<Gateway>>, ApiError> {
    caller.must_be_operator()?;
    let mut tx = app.store.read().await?;
    let mut gateways: BTreeMap<String, Gateway> = BTreeMap::new();
    let unknown = |id: &str| Gateway {
        id: id.to_owned(),
        object: "gateway",
        last_seen_at: None,
        version: None,
        protocol: None,
        leases: 0,
        lent_usd: 0.0,
        spent_usd: 0.0,
    };
    for heard in shares::heard_of(&mut tx, app.now()).await? {
        let gateway = Gateway {
            last_seen_at: Some(heard.at.to_rfc3339()),
            version: heard.build.version,
            protocol: heard.build.protocol,
            ..unknown(&heard.gateway)
        };
        gateways.insert(heard.gateway, gateway);
    }
    for lent in leases::lent(&mut tx).await? {
        let Lent {
            gateway: id,
            leases,
            lent,
            spent,
        } = lent;
        let gateway = gateways.entry(id.clone()).or_insert_with(|| unknown(&id));
        gateway.leases = leases;
        gateway.lent_usd = Money::to_dollars(lent);
        gateway.spent_usd = Money::to_dollars(spent);
    }
    let gateways: Vec<Gateway> = gateways.into_values().collect();
    Ok(Json(Page::whole(gateways, |gateway| &gateway.id)))
}
