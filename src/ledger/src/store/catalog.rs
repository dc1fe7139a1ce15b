//! Models, their prices and their aliases.

use super::record::{Record, columns, insert_into, or_replace, record, select};
use super::{StoreError, Tx, args, policy};
use paddock_core::policy::{Catalog, LaterPrice, Model};
use paddock_core::price::Price;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;

/// The catalog that new databases begin with, as `paddock prices catalog` has made it: models with
/// their prices in nano-dollars, and aliases.
pub const SHIPPED: &str = include_str!("../../catalog.json");

record! {
    Model in "models" {
        name, upstream, upstream_model, paths, deployments, capabilities, max_output_tokens,
        output_limit_field, context_window,
        media_tokens, price_from,
    }
    defaults { price, later_prices }
}

/// The whole catalog. Of each model it has the price that was in force when the model was last
/// changed, and the later ones.
pub async fn load(tx: &mut Tx) -> Result<Catalog, StoreError> {
    let (_, revision) = policy::revisions(tx).await?;
    let mut models: Vec<Model> = tx
        .all(select::<Model>("ORDER BY position, name"), args![])
        .await?;
    let sql = "SELECT model, effective_from, price FROM prices JOIN models ON name = model
        WHERE effective_from >= price_from ORDER BY effective_from";
    let versions: Vec<(String, Timestamp, Price)> = tx.all(sql, args![]).await?;
    let mut by_model: HashMap<String, Vec<LaterPrice>> = HashMap::new();
    for (model, effective_from, price) in versions {
        let version = LaterPrice {
            effective_from,
            price,
        };
        by_model.entry(model).or_default().push(version);
    }
    for model in &mut models {
        model.later_prices = by_model.remove(&model.name).unwrap_or_default();
        model.settle_prices(model.price_from);
    }
    let sql = "SELECT alias, model FROM aliases ORDER BY alias";
    let aliases: Vec<(String, String)> = tx.all(sql, args![]).await?;
    Ok(Catalog {
        revision,
        models,
        aliases: aliases.into_iter().collect(),
        ..Catalog::default()
    })
}

/// Puts in the catalog the product comes with, once in the life of a database. Whether it did:
/// otherwise there is nothing to commit.
pub async fn seed(tx: &mut Tx) -> Result<bool, StoreError> {
    let revision = policy::next_revision(tx).await?;
    let (_, catalog_revision) = policy::revisions(tx).await?;
    if catalog_revision > 0 {
        return Ok(false);
    }
    let shipped: Catalog = serde_json::from_str(SHIPPED).unwrap_or_else(|_| Catalog::builtin());
    for model in &shipped.models {
        save(tx, model, revision).await?;
    }
    for (alias, model) in &shipped.aliases {
        set_alias(tx, alias, model, revision).await?;
    }
    Ok(true)
}

/// Creates or replaces a model, its price in force and its later prices. A new one is the last in
/// the catalog's order. Earlier prices stay.
pub async fn save(tx: &mut Tx, model: &Model, revision: u64) -> Result<(), StoreError> {
    let count: i64 = tx.one("SELECT COUNT(*) FROM models", args![]).await?;
    let names = columns::<Model>();
    let mut with_position = names.clone();
    with_position.push("position");
    let sql = insert_into(Model::TABLE, &with_position) + &or_replace(&["name"], &names);
    tx.execute(sql, args![model, count]).await?;
    let sql = "DELETE FROM prices WHERE model = $1 AND effective_from >= $2";
    tx.execute(sql, args![model.name, model.price_from]).await?;
    let in_force = model.price.iter().map(|price| (model.price_from, price));
    let later = model.later_prices.iter();
    let later = later.map(|later| (later.effective_from, &later.price));
    for (effective_from, price) in in_force.chain(later) {
        let sql = "INSERT INTO prices (model, effective_from, price) VALUES ($1, $2, $3)";
        tx.execute(sql, args![model.name, effective_from, price])
            .await?;
    }
    set_revision(tx, revision).await
}

/// Creates an alias, or has it lead to another model.
pub async fn set_alias(
    tx: &mut Tx,
    alias: &str,
    model: &str,
    revision: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO aliases (alias, model) VALUES ($1, $2)
        ON CONFLICT (alias) DO UPDATE SET model = excluded.model";
    tx.execute(sql, args![alias, model]).await?;
    set_revision(tx, revision).await
}

/// Deletes an alias.
pub async fn delete_alias(tx: &mut Tx, alias: &str, revision: u64) -> Result<(), StoreError> {
    let sql = "DELETE FROM aliases WHERE alias = $1";
    tx.execute(sql, args![alias]).await?;
    set_revision(tx, revision).await
}

async fn set_revision(tx: &mut Tx, revision: u64) -> Result<(), StoreError> {
    let sql = "UPDATE policy SET catalog_revision = $1 WHERE id = 1";
    tx.execute(sql, args![revision]).await?;
    Ok(())
}
