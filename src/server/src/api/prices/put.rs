//! `PUT /v1/prices/{model}`: sets a model's price and route, and makes the model where it is new.

use super::PriceView;
use super::body::PutPrice;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::policy::{Catalog, DEFAULT_MAX_OUTPUT_TOKENS, Model, capability, is_auto};
use paddock_core::usage::Price;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{catalog, policy};

/// Most output tokens a model can be said to have.
const MAX_OUTPUT: u64 = 100_000_000;

/// Sets the price and the route of a model
///
/// Makes the model where it is new. Prices are every tenant's: the operator's alone.
#[utoipa::path(
    put, path = "/v1/prices/{*model}", tag = "prices", operation_id = "put_price",
    params(parameters::ModelName),
    request_body = Option<PutPrice>,
    responses(
        (status = 200, description = "The price of a model that was there.", body = PriceView),
        (status = 201, description = "The price of a new model.", body = PriceView),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<PriceView>), ApiError> {
    caller.must_be_operator()?;
    let mut fields = Fields::parse(&body)?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let catalog = catalog::load(&mut tx).await?;
    let (model, is_new) = model(&catalog, &name, &mut fields)?;
    fields.finish()?;
    catalog::save(&mut tx, &model, revision).await?;
    let change = Change::of_installation("price.update", &model.name).after(&model);
    let before = catalog.models.iter().find(|known| known.name == model.name);
    let change = before.into_iter().fold(change, Change::before);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(model = model.name, "set a price");
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(PriceView::from(&model))))
}

fn model(catalog: &Catalog, name: &str, fields: &mut Fields) -> Result<(Model, bool), ApiError> {
    let known = catalog.resolve(name);
    let is_bad =
        name.chars().count() > 256 || name.trim() != name || name.chars().any(char::is_control);
    if is_bad {
        let message = "A model's name has 1 to 256 characters and no blanks around it.";
        return Err(ApiError::invalid("model", message));
    }
    if is_auto(name) {
        let message = "The name 'auto' asks for routing: a model cannot have it.";
        return Err(ApiError::invalid("model", message));
    }
    let own = known.filter(|model| model.name.eq_ignore_ascii_case(name));
    if let (Some(model), None) = (known, own) {
        let message = format!(
            "'{name}' is an alias of '{0}': set the price of '{0}'.",
            model.name
        );
        return Err(ApiError::invalid("model", message));
    }
    let price = price(fields, own.and_then(|model| model.price))?;
    let upstream = fields.text("upstream")?.flatten();
    let tokens = fields.whole("max_output_tokens", 1, MAX_OUTPUT)?.flatten();
    let capabilities = capabilities(fields, own)?;
    let Some(upstream) = upstream.or_else(|| own.map(|model| model.upstream.clone())) else {
        let message = "Missing required parameter: 'upstream'. A new model needs the name of the \
                       Envoy cluster that serves it.";
        return Err(ApiError::invalid("upstream", message));
    };
    // What the old upstream called the model, and where, says nothing of another.
    let stays = own.filter(|model| model.upstream == upstream);
    let upstream_model = fields.text("upstream_model")?;
    let paths = fields.format_paths("paths")?;
    let model = Model {
        upstream_model: upstream_model
            .unwrap_or_else(|| stays.and_then(|model| model.upstream_model.clone())),
        paths: match paths {
            Some(paths) => paths.unwrap_or_default(),
            None => stays.map(|model| model.paths.clone()).unwrap_or_default(),
        },
        name: own.map_or(name, |model| &model.name).to_owned(),
        upstream,
        price: Some(price),
        capabilities,
        max_output_tokens: tokens.unwrap_or_else(|| {
            own.map_or(DEFAULT_MAX_OUTPUT_TOKENS, |model| model.max_output_tokens)
        }),
    };
    Ok((model, own.is_none()))
}

/// What is not sent stays; `null` means that nobody says what the model can do.
fn capabilities(fields: &mut Fields, own: Option<&Model>) -> Result<Vec<String>, ApiError> {
    let Some(written) = fields.texts("capabilities")? else {
        return Ok(own.map(|own| own.capabilities.clone()).unwrap_or_default());
    };
    let mut capabilities: Vec<String> = Vec::new();
    for word in written.unwrap_or_default() {
        let Some(name) = capability(&word) else {
            let message = format!(
                "'{word}' is no capability: write one word, such as vision, tools or json."
            );
            return Err(ApiError::invalid("capabilities", message));
        };
        if !capabilities.contains(&name) {
            capabilities.push(name);
        }
    }
    Ok(capabilities)
}

/// What is not sent stays; what is `null` has no price of its own: prompt tokens then cost what
/// `input` says, reasoning what `output` says, and a batch what any call costs.
fn price(fields: &mut Fields, old: Option<Price>) -> Result<Price, ApiError> {
    let mut required = |name: &str, old: Option<u64>| {
        let sent = fields.price(name)?.flatten();
        sent.or(old).ok_or_else(|| ApiError::missing(name))
    };
    let input = required("input_usd_per_million", old.map(|old| old.input))?;
    let output = required("output_usd_per_million", old.map(|old| old.output))?;
    let mut optional =
        |name: &str, old: Option<u64>| Ok::<_, ApiError>(fields.price(name)?.unwrap_or(old));
    Ok(Price {
        input,
        cached_input: optional(
            "cached_input_usd_per_million",
            old.and_then(|old| old.cached_input),
        )?,
        cache_write_5m: optional(
            "cache_write_5m_usd_per_million",
            old.and_then(|old| old.cache_write_5m),
        )?,
        cache_write_1h: optional(
            "cache_write_1h_usd_per_million",
            old.and_then(|old| old.cache_write_1h),
        )?,
        output,
        reasoning: optional(
            "reasoning_usd_per_million",
            old.and_then(|old| old.reasoning),
        )?,
        batch_percent: fields
            .whole("batch_percent", 0, 100)?
            .unwrap_or(old.and_then(|old| old.batch_percent)),
    })
}
