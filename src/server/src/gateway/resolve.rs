//! Who is the holder of this key? What is this reservation? Whose are these stored objects?

use super::{bound, known_keys, read, stored_objects};
use crate::http::body::RawBody;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::key_lookups::LookedUp;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::ids::KeyDigest;
use paddock_core::policy::{KeyPolicy, Limits, Role};
use paddock_core::wire::{ResolveAnswer, ResolveRequest};
use paddock_ledger::rules::overrides;
use paddock_ledger::store::{catalog, keys, namespaces, organizations, policy, reservations};
use std::collections::BTreeSet;

/// Answers from one snapshot, at one revision.
pub async fn handle(
    State(app): State<SharedApp>,
    by: GatewayCaller,
    body: RawBody,
) -> Result<Json<ResolveAnswer>, ApiError> {
    let body = body.read().await?;
    let mut request: ResolveRequest = read(&body)?;
    narrow(&app, &by, &mut request).await?;
    if let Some(digest) = request.key
        && app.credentials().operator(&digest).is_none()
    {
        let looked_up = known_keys::look_up(&app, digest).await?;
        if !looked_up.is_known && asks_no_more(&request, looked_up) {
            return Ok(Json(ResolveAnswer {
                revision: looked_up.revision,
                installation: app.installation,
                ..ResolveAnswer::default()
            }));
        }
    }
    if let Some(question) = &request.stored {
        stored_objects::wait(&app, question).await?;
    }
    let tx = app.store.read().await?;
    let mut tx = overrides::revert_due(&app.store, tx, app.now()).await?;
    let (revision, catalog_revision) = policy::revisions(&mut tx).await?;
    let mut answer = ResolveAnswer {
        revision,
        installation: app.installation,
        ..ResolveAnswer::default()
    };
    let mut wanted: BTreeSet<String> = request.namespace.into_iter().collect();
    if let Some(digest) = &request.key {
        answer.key = match app.credentials().operator(digest) {
            Some(key) if key.is_read_only => None,
            Some(_) => Some(operator(*digest)),
            None => {
                let found = keys::find_by_digest(&mut tx, digest).await?;
                found.map(|(key, secret)| key.policy(&secret))
            }
        };
        wanted.extend(answer.key.as_ref().and_then(|key| key.namespace.clone()));
    }
    let mut found = Vec::with_capacity(wanted.len());
    for name in &wanted {
        found.extend(namespaces::find(&mut tx, name).await?);
    }
    if let Some(organizations) = by.organizations() {
        found.retain(|namespace| organizations.contains(&namespace.organization));
        let is_within = |name: &String| found.iter().any(|namespace| namespace.name == *name);
        answer.key = answer
            .key
            .filter(|key| key.namespace.as_ref().is_none_or(is_within));
    }
    answer.namespaces = namespaces::policies(&mut tx, &found).await?;
    let above: BTreeSet<&str> = answer
        .namespaces
        .iter()
        .map(|namespace| namespace.organization.as_str())
        .collect();
    for name in above {
        let organization = organizations::find(&mut tx, name).await?;
        answer
            .organizations
            .extend(organization.map(|organization| organization.policy()));
    }
    if let Some(name) = &request.reservation {
        let found = reservations::newest(&mut tx, &name.namespace, &name.id).await?;
        let open = found.filter(|found| !found.has_ended(app.now()));
        answer.reservation = open.map(|open| open.policy());
    }
    if let Some(question) = &request.stored {
        answer.stored = Some(stored_objects::answer(&app, &mut tx, question).await?);
    }
    if request.catalog_revision != Some(catalog_revision) {
        answer.catalog = Some(catalog::load(&mut tx).await?);
    }
    Ok(Json(answer))
}

/// Whether nothing is asked but whose key it is.
fn asks_no_more(request: &ResolveRequest, found: LookedUp) -> bool {
    request.namespace.is_none()
        && request.reservation.is_none()
        && request.stored.is_none()
        && request.catalog_revision == Some(found.catalog_revision)
}

/// Leaves of the questions what is within the gateway's reach: the rest does not exist for it.
async fn narrow(
    app: &SharedApp,
    by: &GatewayCaller,
    request: &mut ResolveRequest,
) -> Result<(), ApiError> {
    if by.organizations().is_none() {
        return Ok(());
    }
    let mut tx = app.store.read().await?;
    if let Some(name) = &request.reservation
        && !bound::reaches(&mut tx, by, &name.namespace).await?
    {
        request.reservation = None;
    }
    if let Some(question) = &request.stored
        && !bound::reaches(&mut tx, by, &question.namespace).await?
    {
        request.stored = None;
    }
    Ok(())
}

/// The operator's own key, which is in no table.
fn operator(digest: KeyDigest) -> KeyPolicy {
    KeyPolicy {
        id: "admin".to_owned(),
        digest,
        name: "admin".to_owned(),
        namespace: None,
        role: Role::Admin,
        scopes: None,
        allowed_models: None,
        limits: Limits::default(),
        tags: Vec::new(),
        content_policy_mode: None,
        enabled: true,
        expires_at: None,
        revision: 0,
    }
}
