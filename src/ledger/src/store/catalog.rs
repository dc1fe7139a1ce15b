//! Models, their prices and their aliases.

use super::columns::{Columns, Row};
use super::record::{Record, columns, insert_into, or_replace, record, select};
use super::{StoreError, Tx, args, policy};
use paddock_core::policy::{Catalog, Model};
use paddock_core::usage::Price;

record! {
    Price {
        input = "input_price", cached_input = "cached_input_price",
        cache_write_5m = "cache_write_5m_price", cache_write_1h = "cache_write_1h_price",
        output = "output_price", reasoning = "reasoning_price", batch_percent,
    }
}

record! {
    Model in "models" {
        name, upstream, price, max_output_tokens, capabilities, upstream_model, paths,
    }
}

impl Row for Option<Price> {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let (input, cached_input) = columns.read()?;
        let (cache_write_5m, cache_write_1h) = columns.read()?;
        let (output, reasoning) = columns.read()?;
        let batch_percent = columns.read()?;
        let price = |(input, output)| Price {
            input,
            cached_input,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
            batch_percent,
        };
        Ok(Option::<u64>::zip(input, output).map(price))
    }

    fn names(name: &'static str, names: &mut Vec<&'static str>) {
        Price::names(name, names);
    }
}

/// The whole catalog.
pub async fn load(tx: &mut Tx) -> Result<Catalog, StoreError> {
    let (_, revision) = policy::revisions(tx).await?;
    let models = tx
        .all(select::<Model>("ORDER BY position, name"), args![])
        .await?;
    let sql = "SELECT alias, model FROM aliases ORDER BY alias";
    let aliases: Vec<(String, String)> = tx.all(sql, args![]).await?;
    Ok(Catalog {
        revision,
        models,
        aliases: aliases.into_iter().collect(),
    })
}

/// One model, by its exact name.
pub async fn model(tx: &mut Tx, name: &str) -> Result<Option<Model>, StoreError> {
    tx.optional(select::<Model>("WHERE name = $1"), args![name])
        .await
}

/// Puts in the catalog the product comes with, once in the life of a database. Whether it did:
/// otherwise there is nothing to commit.
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

/// Creates or replaces a model. A new one is the last in the catalog's order.
pub async fn save(tx: &mut Tx, model: &Model, revision: u64) -> Result<(), StoreError> {
    let count: i64 = tx.one("SELECT COUNT(*) FROM models", args![]).await?;
    let names = columns::<Model>();
    let mut with_position = names.clone();
    with_position.push("position");
    let sql = insert_into(Model::TABLE, &with_position) + &or_replace(&["name"], &names);
    tx.execute(sql, args![model, count]).await?;
    let sql = "UPDATE policy SET catalog_revision = $1 WHERE id = 1";
    tx.execute(sql, args![revision]).await?;
    Ok(())
}
