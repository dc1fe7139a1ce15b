//! Paddock's own format: its catalog, as `paddock prices catalog` writes it.

use super::listed::Listed;
use paddock_core::policy::{Catalog, Model};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The models and aliases of a catalog; `None` if the list has another format.
pub fn read(list: &Value) -> Option<(Vec<Listed>, BTreeMap<String, String>)> {
    if !list.get("models")?.is_array() || !list.get("aliases")?.is_object() {
        return None;
    }
    let catalog = Catalog::deserialize(list).ok()?;
    let models = catalog.models.into_iter().filter_map(one).collect();
    Some((models, catalog.aliases.into_iter().collect()))
}

fn one(model: Model) -> Option<Listed> {
    Some(Listed {
        name: model.name,
        provider: model.upstream.clone(),
        price: model.price?,
        max_output_tokens: model.max_output_tokens,
        context_window: model.context_window,
        capabilities: model.capabilities,
        is_metered: true,
        upstream: Some(model.upstream),
        paths: model.paths,
        ..Listed::default()
    })
}
