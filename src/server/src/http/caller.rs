//! Who calls the management API, and what that lets them do.

use super::error::ApiError;
use super::named_namespace::named_namespace;
use super::places;
use super::shown::Shown;
use crate::config::OperatorKey;
use crate::seats::Place;
use crate::state::{App, SharedApp};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use paddock_core::ids::KeyDigest;
use paddock_core::policy::{EndpointScope, Role, RoleRights, role_scope};
use paddock_core::secret::{self, Form};
use paddock_ledger::model::Key;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::roles::{Powers, RoleOverride};
use paddock_ledger::rules::overrides;
use paddock_ledger::store::costs::Reach;
use paddock_ledger::store::{keys, members, namespaces, role_overrides};
use std::sync::Arc;

/// A caller whose key was accepted.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The operator of this installation.
    Operator(Operator),
    /// The holder of a key.
    Holder(Box<Holder>),
}

/// Which of the operator's keys was accepted.
#[derive(Clone, Debug, Default)]
pub struct Operator {
    /// The name of the key, if it has one.
    pub name: Option<String>,
    /// The namespace that the request names in its headers.
    named: Option<String>,
}

/// A key that was accepted, and its namespace.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The key.
    pub key: Key,
    /// Its namespace.
    pub namespace: Namespace,
    /// What its organization narrows its role to.
    pub narrowed: Option<RoleOverride>,
    /// The e-mail address of the member it belongs to.
    pub email: Option<String>,
    /// The namespace that the request names in its headers.
    named: Option<String>,
    /// The place of its request.
    place: Option<Arc<Place>>,
}

impl Holder {
    /// What its role may do in its organization.
    pub fn powers(&self) -> Powers {
        Powers::within(self.key.role, self.narrowed.as_ref())
    }

    /// What refusals call its role in its organization.
    pub fn role_scope(&self) -> String {
        role_scope(&self.namespace.organization, self.key.role)
    }

    /// What its organization leaves its role of models and endpoints.
    pub fn rights(&self) -> Option<&RoleRights> {
        self.narrowed.as_ref().map(|narrowed| &narrowed.rights)
    }
}

/// Put into the extensions of a request whose sender logged in to the console: the digest of the key they
/// logged in with. No client can put it there.
#[derive(Clone, Copy, Debug)]
pub struct LoggedIn(pub KeyDigest);

/// The text after `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Nothing is read from the database before a key was sent that may be one.
impl FromRequestParts<SharedApp> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Caller, ApiError> {
        let mut caller = match parts.extensions.get::<LoggedIn>() {
            Some(LoggedIn(digest)) => of_digest(app, digest, &parts.method).await?,
            None => by_credential(app, parts).await?,
        };
        if let Caller::Holder(holder) = &caller {
            let counted = app.pace_of_key.take(&holder.key.id, app.now());
            counted.map_err(|wait| {
                let message = "Too many management requests came with your key. Send fewer.";
                ApiError::too_many(message, wait).by(format!("key:{}", holder.key.id))
            })?;
        }
        let place = match &caller {
            Caller::Operator(_) => None,
            Caller::Holder(_) => Some(Arc::new(places::request(app, &caller)?)),
        };
        if let Caller::Holder(holder) = &mut caller {
            holder.place = place;
        }
        let named = named_namespace(&parts.headers)?;
        match (&mut caller, named) {
            (Caller::Holder(holder), Some(named))
                if holder.key.role != Role::Admin && holder.namespace.name != named =>
            {
                let message = format!("This key does not belong to the namespace '{named}'.");
                return Err(ApiError::unauthenticated(message));
            }
            (Caller::Holder(holder), named) => holder.named = named,
            (Caller::Operator(operator), named) => operator.named = named,
        }
        Ok(caller)
    }
}

/// Whose credential is in the headers.
async fn by_credential(app: &App, parts: &Parts) -> Result<Caller, ApiError> {
    let api_key = parts
        .headers
        .get("x-api-key")
        .and_then(|key| key.to_str().ok());
    let Some(key) = bearer(&parts.headers).or(api_key) else {
        return Err(ApiError::unauthenticated(
            "You did not provide an API key. Send it as 'Authorization: Bearer KEY'.",
        ));
    };
    let digest = secret::digest(key.as_bytes());
    let shown = Shown::new(app, parts, &digest.to_hex());
    shown.check()?;
    if app.credentials().operator(&digest).is_none() {
        shown.count()?;
    }
    let caller = match secret::form(key.as_bytes()) {
        Form::Mistyped if app.credentials().operator(&digest).is_none() => {
            Err(ApiError::unauthenticated(
                "Incorrect API key provided: its checksum is wrong, so a character was mistyped or \
                 lost. Copy it again.",
            ))
        }
        _ => of_digest(app, &digest, &parts.method).await,
    };
    let caller = caller.inspect_err(|error| {
        if error.is_unauthenticated() {
            shown.was_wrong();
        }
    })?;
    shown.was_right();
    Ok(caller)
}

/// Whose key has that digest. Looked up anew for each request: a key that was disabled, and a secret that has
/// ended, let nobody in from then on.
async fn of_digest(app: &App, digest: &KeyDigest, method: &Method) -> Result<Caller, ApiError> {
    let credentials = app.credentials();
    match credentials.operator(digest) {
        Some(key) => operator(app, key, method).await,
        None => authenticate(app, digest).await,
    }
}

async fn operator(app: &App, key: &OperatorKey, method: &Method) -> Result<Caller, ApiError> {
    if key.is_read_only && ![Method::GET, Method::HEAD].contains(method) {
        let message = "This admin key is read-only: it may send GET alone. Use another.";
        return Err(ApiError::forbidden(message));
    }
    overrides::revert_due(&app.store, app.store.read().await?, app.now()).await?;
    let name = key.name.clone();
    Ok(Caller::Operator(Operator { name, named: None }))
}

async fn authenticate(app: &App, digest: &KeyDigest) -> Result<Caller, ApiError> {
    let mut tx = app.store.read().await?;
    let Some((key, secret)) = keys::find_by_digest(&mut tx, digest).await? else {
        return Err(ApiError::unauthenticated("Incorrect API key provided."));
    };
    let mut tx = overrides::revert_due(&app.store, tx, app.now()).await?;
    let Some(namespace) = namespaces::find(&mut tx, &key.namespace).await? else {
        return Err(ApiError::unauthenticated(
            "The namespace of this API key was deleted.",
        ));
    };
    if !key.enabled || !namespace.enabled {
        return Err(ApiError::unauthenticated(
            "This API key is disabled. Ask your administrator.",
        ));
    }
    if secret.expires_at.is_some_and(|at| at <= app.now()) {
        return Err(ApiError::unauthenticated(
            "This API key has expired. Ask for a new one.",
        ));
    }
    let organization = namespace.organization.as_str();
    let mut roles = role_overrides::of(&mut tx, &[organization]).await?;
    let roles = roles.get_mut(organization);
    let narrowed = roles.and_then(|roles| roles.remove(&key.role));
    let member = match &key.member {
        Some(member) => members::find(&mut tx, &member.id).await?,
        None => None,
    };
    Ok(Caller::Holder(Box::new(Holder {
        key,
        namespace,
        narrowed,
        email: member.map(|member| member.email),
        named: None,
        place: None,
    })))
}

impl Caller {
    /// The namespace that a request is about which names none in its path, query or body: the one in its
    /// headers, or the caller's own.
    ///
    /// # Errors
    /// 400 if the operator names none: its key belongs to no namespace.
    pub fn namespace(&self) -> Result<String, ApiError> {
        match self {
            Caller::Holder(holder) => {
                let named = holder.named.as_ref();
                Ok(named.unwrap_or(&holder.namespace.name).clone())
            }
            Caller::Operator(operator) => operator.named.clone().ok_or_else(|| {
                let message = "The operator's key belongs to no namespace: name one in 'namespace', or in \
                               the header X-Namespace.";
                ApiError::invalid("namespace", message)
            }),
        }
    }

    /// The organization the caller is confined to; `None` is the operator's.
    pub fn organization(&self) -> Option<&str> {
        match self {
            Caller::Operator(_) => None,
            Caller::Holder(holder) => Some(&holder.namespace.organization),
        }
    }

    /// The id of the key, or `operator`.
    pub fn id(&self) -> &str {
        match self {
            Caller::Operator(_) => "operator",
            Caller::Holder(holder) => &holder.key.id,
        }
    }

    /// May change what belongs to some organization: which one is checked by [`Self::owns`].
    ///
    /// # Errors
    /// 403 for every role but admin.
    pub fn may_manage(&self) -> Result<(), ApiError> {
        match self {
            Caller::Operator(_) => Ok(()),
            Caller::Holder(holder) if holder.key.role == Role::Admin => Ok(()),
            Caller::Holder(holder) => {
                let message = format!(
                    "The role '{}' may not do this. Use a key with the role 'admin'.",
                    holder.key.role.name()
                );
                Err(ApiError::forbidden(message).by(format!("key:{}", holder.key.id)))
            }
        }
    }

    /// May change members, and what roles of some organization may do.
    ///
    /// # Errors
    /// 403 for every role but admin, and for admins whose organization took this from them.
    pub fn may_manage_users(&self) -> Result<(), ApiError> {
        self.may_manage()?;
        self.needs("can_manage_users", |powers| powers.manage_users)
    }

    /// May make keys and secrets.
    ///
    /// # Errors
    /// 403 for every role but admin, and for admins whose organization took this from them.
    pub fn may_create_keys(&self) -> Result<(), ApiError> {
        self.may_manage()?;
        self.needs("can_create_api_keys", |powers| powers.create_api_keys)
    }

    /// May read what was used and spent: what of it is checked elsewhere.
    ///
    /// # Errors
    /// 403 for roles whose organization took this from them.
    pub fn may_view_analytics(&self) -> Result<(), ApiError> {
        self.needs("can_view_analytics", |powers| powers.view_analytics)
    }

    fn needs(&self, name: &str, has: impl FnOnce(Powers) -> bool) -> Result<(), ApiError> {
        match self {
            Caller::Holder(holder) if !has(holder.powers()) => {
                let message = format!(
                    "In your organization the role '{}' may not do this ('{name}' is false). Ask \
                     your administrator to allow it.",
                    holder.key.role.name()
                );
                Err(ApiError::forbidden(message).by(holder.role_scope()))
            }
            _ => Ok(()),
        }
    }

    /// May do what only the operator may.
    ///
    /// # Errors
    /// 403 for everybody else.
    pub fn must_be_operator(&self) -> Result<(), ApiError> {
        match self {
            Caller::Operator(_) => Ok(()),
            Caller::Holder(_) => Err(ApiError::forbidden(
                "Only the operator's own admin key may do this.",
            )),
        }
    }

    /// Whether something of that organization is within the caller's reach.
    pub fn owns(&self, organization: &str) -> bool {
        self.organization().is_none_or(|own| own == organization)
    }

    /// May read what is about a key.
    ///
    /// # Errors
    /// 403 for everybody but the key's holder and admins.
    pub fn may_read_key(&self, id: &str) -> Result<(), ApiError> {
        match self {
            Caller::Holder(holder) if holder.key.id == id => Ok(()),
            _ => self.may_manage(),
        }
    }

    /// May spend what is a namespace's, or set it aside.
    ///
    /// # Errors
    /// 403 for everybody but admins and the holders of its keys that may call models.
    pub fn may_spend(&self, name: &str) -> Result<(), ApiError> {
        match self {
            Caller::Holder(holder)
                if holder.namespace.name == name && holder.key.role.allows(EndpointScope::Chat) =>
            {
                Ok(())
            }
            _ => self.may_manage(),
        }
    }

    /// May read what is about a namespace.
    ///
    /// # Errors
    /// 403 for everybody but the holders of its keys and admins.
    pub fn may_read_namespace(&self, name: &str) -> Result<(), ApiError> {
        match self {
            Caller::Holder(holder) if holder.namespace.name == name => Ok(()),
            _ => self.may_manage(),
        }
    }

    /// What the caller may see of a report about a namespace and an organization, if it names any: the
    /// operator everything, an admin its organization, everybody else their own namespace.
    ///
    /// # Errors
    /// 403 if the namespace is not the caller's, 404 if the organization is not.
    pub fn reach(
        &self,
        namespace: Option<String>,
        organization: Option<String>,
    ) -> Result<Reach, ApiError> {
        self.may_view_analytics()?;
        if let Some(organization) = organization.as_ref().filter(|name| !self.owns(name)) {
            return Err(ApiError::not_found("organization", organization));
        }
        match self {
            Caller::Operator(_) => Ok(Reach {
                organization,
                namespace,
            }),
            Caller::Holder(holder) => {
                let namespace = match self.may_manage().is_ok() {
                    true => namespace,
                    false => {
                        let own = || holder.namespace.name.clone();
                        let namespace = namespace.unwrap_or_else(own);
                        self.may_read_namespace(&namespace)?;
                        Some(namespace)
                    }
                };
                Ok(Reach {
                    organization: Some(holder.namespace.organization.clone()),
                    namespace,
                })
            }
        }
    }
}
