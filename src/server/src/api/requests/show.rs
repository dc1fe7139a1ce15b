//! `GET /v1/requests/{id}`: the story of one call.

use super::view::{RequestView, only_key};
use crate::api::audit::names::Names;
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::Model;
use paddock_core::price::{Kind, Unpriced, Usage, Variant};
use paddock_core::timestamp::Timestamp;
use paddock_core::units::Units;
use paddock_core::usage::{TokenUsage, ToolCalls};
use paddock_ledger::model::event_details::EventDetails;
use paddock_ledger::store::events::{self, EventRow};
use paddock_ledger::store::{catalog, leases, loaded};
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// A call.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct RequestId {
    /// The call's id in the ledger.
    #[param(pattern = "^[0-9a-f-]{1,64}$", max_length = 64)]
    id: String,
}

/// A call, and how it came to its end and to its cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestStory)]
pub struct Story {
    #[serde(flatten)]
    request: RequestView,
    /// Where it came from; `null` unless the caller manages the organization.
    client_address: Option<String>,
    /// The client's user agent; `null` unless the caller manages the organization.
    user_agent: Option<String>,
    /// The tier that served it; `null` if the standard one did.
    tier: Option<String>,
    /// How often it used each of the provider's tools.
    #[schema(value_type = Option<Object>)]
    tools: Option<ToolCalls>,
    /// How many images, seconds, characters, pages and searches it used.
    #[schema(value_type = Option<Object>)]
    units: Option<Units>,
    /// The quality and size of images that it asked for, as `hd:1024x1024`.
    variant: Option<String>,
    /// The scopes that it was booked to, the nearest first.
    scopes: Vec<ScopeCharge>,
    /// What its cost is made of.
    price: PriceStory,
}

/// A scope that a call was booked to.
#[derive(Debug, Serialize, ToSchema)]
struct ScopeCharge {
    /// Its name, such as `namespace:research`.
    scope: String,
    /// Whether its budget paid: whether the gateway had borrowed of it for the call.
    from_budget: bool,
    /// Whether it refused the call.
    refused: bool,
}

/// What a cost is made of.
#[derive(Debug, Serialize, ToSchema)]
struct PriceStory {
    /// Since when the price was in force that it was charged by; `null` if it always was.
    #[schema(format = DateTime)]
    price_from: Option<String>,
    /// Whether the lines come to the cost. They do not if the price, or what is added in a region, is another
    /// one now.
    is_exact: bool,
    /// One line a kind of token.
    lines: Vec<PriceLine>,
}

/// A line of a cost.
#[derive(Debug, Serialize, ToSchema)]
struct PriceLine {
    /// The kind of token, such as `cached_input`.
    kind: &'static str,
    /// How many.
    tokens: u64,
    /// US dollars per million of them; `null` if the model has no price now.
    usd_per_million: Option<f64>,
    /// US dollars.
    usd: Option<f64>,
}

/// Shows a call of a model
///
/// What it used, which scopes it was booked to or refused by, and what its cost is made of. To those who see
/// it in the list.
#[utoipa::path(
    get, path = "/v1/requests/{id}", tag = "audit", operation_id = "get_request",
    params(RequestId),
    responses(
        (status = 200, description = "The call.", body = Story),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Story>, ApiError> {
    let reach = caller.reach(None, None)?;
    let mut tx = app.store.read().await?;
    let found = events::find(&mut tx, &id).await?;
    let is_seen = |row: &EventRow| {
        let organization = reach.organization.as_ref();
        let namespace = reach.namespace.as_ref();
        !row.is_correction()
            && organization.is_none_or(|name| *name == row.organization)
            && namespace.is_none_or(|name| *name == row.namespace)
            && only_key(&caller).is_none_or(|key| key == row.key_id)
    };
    let Some(row) = found.filter(is_seen) else {
        return Err(ApiError::not_found("request", &id));
    };
    let mut names = Names::default();
    names
        .load(&mut tx, [row.key_id.as_str()].into_iter())
        .await?;
    let lent: Vec<i64> = serde_json::from_str(&row.leases).unwrap_or_default();
    let paid: BTreeMap<i64, String> = match lent.is_empty() {
        true => BTreeMap::new(),
        false => leases::scopes_of(&mut tx, &lent)
            .await?
            .into_iter()
            .collect(),
    };
    let models = catalog::load(&mut tx).await?.models;
    let model = models.iter().find(|model| model.name == row.model);
    let details = row.details();
    let manages = caller.may_manage().is_ok();
    let from = |text: &String| manages.then(|| text.clone());
    Ok(Json(Story {
        request: RequestView::new(&row, &names),
        client_address: from(&row.client_address),
        user_agent: from(&row.user_agent),
        scopes: scopes(&row, paid.into_values().collect()),
        price: price(&row, &details, model),
        tools: Some(details.tools).filter(|tools| !tools.is_empty()),
        units: Some(details.units).filter(|units| !units.is_empty()),
        variant: details.variant,
        tier: details.tier,
    }))
}

fn scopes(row: &EventRow, paid: Vec<String>) -> Vec<ScopeCharge> {
    let user = row
        .end_user
        .as_ref()
        .map(|user| format!("user:{}/{user}", row.namespace));
    let known = [
        user,
        Some(format!("key:{}", row.key_id)),
        Some(format!("namespace:{}", row.namespace)),
        Some(format!("org:{}", row.organization)),
    ];
    let mut scopes: Vec<String> = known.into_iter().flatten().collect();
    for scope in paid.iter().chain(&row.refused_by) {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    let charge = |scope: String| ScopeCharge {
        from_budget: paid.contains(&scope),
        refused: row.refused_by.as_ref() == Some(&scope),
        scope,
    };
    scopes.into_iter().map(charge).collect()
}

fn price(row: &EventRow, details: &EventDetails, model: Option<&Model>) -> PriceStory {
    let usage = Usage {
        tokens: TokenUsage {
            input: loaded(row.input_tokens),
            cached_input: loaded(row.cached_input_tokens),
            cache_write_5m: loaded(row.cache_write_5m_tokens),
            cache_write_1h: loaded(row.cache_write_1h_tokens),
            output: loaded(row.output_tokens),
            reasoning: loaded(row.reasoning_tokens),
            audio_input: details.audio_input_tokens,
            image_input: details.image_input_tokens,
            audio_output: details.audio_output_tokens,
            image_output: details.image_output_tokens,
        },
        tools: details.tools,
        units: details.units,
        variant: Variant::parse(details.variant.as_deref().unwrap_or_default()),
        tier: details.tier.as_deref().unwrap_or_default(),
        region: "",
        unpriced: Unpriced::Assumed,
    };
    let price = model.and_then(|model| model.price.as_ref());
    let unknown = paddock_core::price::Price::default();
    let lines = price.unwrap_or(&unknown).lines(&usage);
    let cost = price.and_then(|price| price.cost(&usage).ok());
    PriceStory {
        price_from: details.price_from.map(Timestamp::to_rfc3339),
        is_exact: cost.is_some_and(|cost| cost.money == Money::from_nanos(row.cost)),
        lines: lines
            .map(|(kind, tokens, rate)| {
                let nanos = u128::from(tokens).saturating_mul(u128::from(rate.nanos));
                let nanos = i64::try_from(nanos.div_ceil(1_000_000)).unwrap_or(i64::MAX);
                let rate = i64::try_from(rate.nanos).unwrap_or(i64::MAX);
                PriceLine {
                    kind: name(kind),
                    tokens,
                    usd_per_million: price.map(|_| Money::from_nanos(rate).to_dollars()),
                    usd: price.map(|_| Money::from_nanos(nanos).to_dollars()),
                }
            })
            .collect(),
    }
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Input => "input",
        Kind::CachedInput => "cached_input",
        Kind::CacheWrite5m => "cache_write_5m",
        Kind::CacheWrite1h => "cache_write_1h",
        Kind::Output => "output",
        Kind::Reasoning => "reasoning",
        Kind::AudioInput => "audio_input",
        Kind::ImageInput => "image_input",
        Kind::AudioOutput => "audio_output",
        Kind::ImageOutput => "image_output",
    }
}
