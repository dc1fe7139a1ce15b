//! The caller's own models, answered by Paddock itself: those of the catalog that it may use, and `auto`
//! if its namespace has a routing.

use crate::authorization::{ModelRights, authorize_model};
use crate::identity::Caller;
use crate::policy::{AUTO, Catalog, Model, Served, is_auto, seen};
use crate::refusal::Refusal;
use crate::request::{ListShape, ModelList};
use crate::timestamp::Timestamp;
use crate::wire_format::WireFormat;
use serde_json::{Value, json};
use std::rc::Rc;

/// The body of the answer.
///
/// # Errors
/// The refusal of the one model that was asked for.
pub(crate) fn models_body(
    list: &ModelList,
    caller: &Caller,
    catalog: &Rc<Catalog>,
    now: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    let has_auto = caller.namespace().policy.routing.is_some();
    let named = |name: &str| {
        let known = catalog.models.iter().find(|model| model.name == name);
        item(list.shape, name, known)
    };
    let body = match &list.one {
        Some(one) if has_auto && is_auto(one) => named(AUTO),
        Some(one) => {
            let grant = authorize_model(caller.clone(), catalog, one, now)?;
            match item(list.shape, one, grant.model()) {
                Value::Null => {
                    let allowed = ModelRights::of(caller).allowed(catalog);
                    return Err(Refusal::model_not_found(one, allowed));
                }
                item => item,
            }
        }
        None => {
            let allowed = ModelRights::of(caller).allowed(catalog);
            let items = allowed.chain(has_auto.then_some(AUTO)).map(named);
            whole(list.shape, items.filter(|item| !item.is_null()).collect())
        }
    };
    // Strings and numbers alone: this cannot fail.
    Ok(serde_json::to_vec(&body).unwrap_or_default())
}

/// One model under the name it is known by; null if it cannot be asked in Google's format.
fn item(shape: ListShape, name: &str, model: Option<&Model>) -> Value {
    match shape {
        ListShape::OpenAi | ListShape::Codex => json!({
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": model.map_or("paddock", |model| model.upstream.as_str()),
        }),
        // When a model came out is not known: then it is the epoch's.
        ListShape::Anthropic => json!({
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": "1970-01-01T00:00:00Z",
        }),
        ListShape::Gemini => gemini_item(name, model),
    }
}

fn gemini_item(name: &str, model: Option<&Model>) -> Value {
    let served = |model: &Model| model.paths.served(WireFormat::Gemini) != Served::Nowhere;
    if !model.is_none_or(served) {
        return Value::Null;
    }
    let embeds =
        model.is_some_and(|model| model.capabilities.iter().any(|one| one == seen::EMBEDDINGS));
    let methods = match embeds {
        true => json!(["embedContent", "batchEmbedContents", "countTokens"]),
        false => json!(["generateContent", "streamGenerateContent", "countTokens"]),
    };
    let mut item = json!({
        "name": format!("models/{name}"),
        "displayName": name,
        "supportedGenerationMethods": methods,
    });
    let limits = [
        (
            "inputTokenLimit",
            model.and_then(|model| model.context_window),
        ),
        (
            "outputTokenLimit",
            model.and_then(|model| model.max_output_tokens),
        ),
    ];
    if let Some(fields) = item.as_object_mut() {
        for (field, limit) in limits {
            fields.extend(limit.map(|limit| (field.to_owned(), limit.into())));
        }
    }
    item
}

/// All models, in one page.
fn whole(shape: ListShape, items: Vec<Value>) -> Value {
    let id = |item: Option<&Value>| item.and_then(|item| item.get("id")).cloned();
    match shape {
        ListShape::OpenAi => json!({"object": "list", "data": items}),
        ListShape::Codex => json!({"object": "list", "data": items, "models": []}),
        ListShape::Anthropic => json!({
            "first_id": id(items.first()),
            "last_id": id(items.last()),
            "has_more": false,
            "data": items,
        }),
        ListShape::Gemini => json!({"models": items}),
    }
}
