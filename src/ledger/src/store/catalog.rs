//! Models, their prices and their aliases.

use super::columns::{from_text, to_text};
use super::{StoreError, Tx, args, loaded, policy};
use paddock_core::policy::{Catalog, Model};
use paddock_core::usage::Price;

const COLUMNS: &str = "name, upstream, input_price, cached_input_price, cache_write_5m_price, \
    cache_write_1h_price, output_price, reasoning_price, batch_percent, max_output_tokens, \
    capabilities, upstream_model, paths";

#[derive(sqlx::FromRow)]
struct ModelRow {
    name: String,
    upstream: String,
    input_price: Option<i64>,
    cached_input_price: Option<i64>,
    cache_write_5m_price: Option<i64>,
    cache_write_1h_price: Option<i64>,
    output_price: Option<i64>,
    reasoning_price: Option<i64>,
    batch_percent: Option<i64>,
    max_output_tokens: i64,
    capabilities: Option<String>,
    upstream_model: Option<String>,
    paths: Option<String>,
}

impl TryFrom<ModelRow> for Model {
    type Error = StoreError;

    fn try_from(row: ModelRow) -> Result<Model, StoreError> {
        let price = row
            .input_price
            .zip(row.output_price)
            .map(|(input, output)| Price {
                input: loaded(input),
                cached_input: row.cached_input_price.map(loaded),
                cache_write_5m: row.cache_write_5m_price.map(loaded),
                cache_write_1h: row.cache_write_1h_price.map(loaded),
                output: loaded(output),
                reasoning: row.reasoning_price.map(loaded),
                batch_percent: row.batch_percent.map(loaded),
            });
        let capabilities = row.capabilities.as_deref();
        let capabilities = capabilities.map(|text| from_text("capabilities", text));
        let paths = row.paths.as_deref();
        Ok(Model {
            paths: paths
                .map(|text| from_text("paths", text))
                .transpose()?
                .unwrap_or_default(),
            name: row.name,
            upstream: row.upstream,
            upstream_model: row.upstream_model,
            price,
            max_output_tokens: loaded(row.max_output_tokens),
            capabilities: capabilities.transpose()?.unwrap_or_default(),
        })
    }
}

/// The whole catalog.
///
/// # Errors
/// Where the database refuses.
pub async fn load(tx: &mut Tx) -> Result<Catalog, StoreError> {
    let (_, revision) = policy::revisions(tx).await?;
    let sql = format!("SELECT {COLUMNS} FROM models ORDER BY position, name");
    let models: Vec<ModelRow> = tx.all(sql, args![]).await?;
    let sql = "SELECT alias, model FROM aliases ORDER BY alias";
    let aliases: Vec<(String, String)> = tx.all(sql, args![]).await?;
    let models = models.into_iter().map(Model::try_from);
    Ok(Catalog {
        revision,
        models: models.collect::<Result<_, _>>()?,
        aliases: aliases.into_iter().collect(),
    })
}

/// One model, by its exact name.
///
/// # Errors
/// Where the database refuses.
pub async fn model(tx: &mut Tx, name: &str) -> Result<Option<Model>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM models WHERE name = $1");
    let row: Option<ModelRow> = tx.optional(sql, args![name]).await?;
    row.map(Model::try_from).transpose()
}

/// Puts in the catalog the product comes with, once in the life of a database. Whether it did:
/// otherwise there is nothing to commit.
///
/// # Errors
/// Where the database refuses.
pub async fn seed(tx: &mut Tx) -> Result<bool, StoreError> {
    let revision = policy::next_revision(tx).await?;
    let (_, catalog_revision) = policy::revisions(tx).await?;
    if catalog_revision > 0 {
        return Ok(false);
    }
    let builtin = Catalog::builtin();
    for model in &builtin.models {
        save(tx, model, revision).await?;
    }
    for (alias, model) in &builtin.aliases {
        let sql = "INSERT INTO aliases (alias, model) VALUES ($1, $2)";
        tx.execute(sql, args![alias, model]).await?;
    }
    Ok(true)
}

/// Makes or replaces a model.
///
/// # Errors
/// Where the database refuses.
pub async fn save(tx: &mut Tx, model: &Model, revision: u64) -> Result<(), StoreError> {
    let sql = "INSERT INTO models (name, position, upstream, input_price, cached_input_price,
            cache_write_5m_price, cache_write_1h_price, output_price, reasoning_price,
            batch_percent, max_output_tokens, capabilities, upstream_model, paths)
        VALUES ($1, (SELECT COUNT(*) FROM models), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
            $13)
        ON CONFLICT (name) DO UPDATE SET upstream = excluded.upstream,
            input_price = excluded.input_price, cached_input_price = excluded.cached_input_price,
            cache_write_5m_price = excluded.cache_write_5m_price,
            cache_write_1h_price = excluded.cache_write_1h_price,
            output_price = excluded.output_price, reasoning_price = excluded.reasoning_price,
            batch_percent = excluded.batch_percent, max_output_tokens = excluded.max_output_tokens,
            capabilities = excluded.capabilities, upstream_model = excluded.upstream_model,
            paths = excluded.paths";
    let price = model.price;
    let values = args![
        &model.name,
        &model.upstream,
        price.map(|price| price.input),
        price.and_then(|price| price.cached_input),
        price.and_then(|price| price.cache_write_5m),
        price.and_then(|price| price.cache_write_1h),
        price.map(|price| price.output),
        price.and_then(|price| price.reasoning),
        price.and_then(|price| price.batch_percent),
        model.max_output_tokens,
        (!model.capabilities.is_empty()).then(|| to_text(&model.capabilities)),
        model.upstream_model.clone(),
        (!model.paths.is_empty()).then(|| to_text(&model.paths)),
    ];
    tx.execute(sql, values).await?;
    tx.execute(
        "UPDATE policy SET catalog_revision = $1 WHERE id = 1",
        args![revision],
    )
    .await?;
    Ok(())
}
