//! The kinds of objects that the service has, and where each is.

use crate::client::{Client, escape, field, text_of};
use crate::output::cell;
use anyhow::bail;
use clap::ValueEnum;
use serde_json::{Value, json};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    #[value(aliases = ["organization", "orgs", "org"])]
    Organizations,
    #[value(aliases = ["namespace", "ns"])]
    Namespaces,
    /// The settings of one namespace.
    Settings,
    /// The routing of one namespace.
    Routing,
    #[value(alias = "key")]
    Keys,
    #[value(alias = "member")]
    Members,
    #[value(aliases = ["price", "models", "model"])]
    Prices,
    #[value(alias = "alias")]
    Aliases,
    #[value(alias = "role")]
    Roles,
    /// What one organization sets for some of its calls.
    #[value(alias = "budget")]
    Budgets,
    /// The monthly limits of end users of one namespace.
    #[value(alias = "user")]
    Users,
    #[value(alias = "webhook")]
    Webhooks,
    #[value(alias = "alert")]
    Alerts,
    #[value(alias = "reservation")]
    Reservations,
    /// Payments into a prepaid balance.
    #[value(alias = "credit")]
    Credits,
    /// What was charged or given back by the operator.
    #[value(alias = "correction")]
    Corrections,
    /// Envoys that were heard of lately.
    #[value(alias = "gateway")]
    Gateways,
}

/// What objects belong to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner<'a> {
    pub namespace: Option<&'a str>,
    pub organization: Option<&'a str>,
}

impl Owner<'_> {
    fn organization_path(self) -> String {
        format!(
            "/v1/organizations/{}",
            escape(self.organization.unwrap_or_default())
        )
    }

    /// The query that names it; empty if it has no name.
    fn query(self) -> String {
        let parameter = |name: &str, value: Option<&str>| {
            value.map(|value| format!("{name}={}", escape(value)))
        };
        let named = [
            parameter("namespace", self.namespace),
            parameter("organization", self.organization),
        ];
        let named: Vec<String> = named.into_iter().flatten().collect();
        match named.is_empty() {
            true => String::new(),
            false => format!("?{}", named.join("&")),
        }
    }
}

impl Kind {
    /// Whether its objects are listed for one namespace only.
    fn is_of_namespace(self) -> bool {
        matches!(
            self,
            Kind::Users | Kind::Webhooks | Kind::Alerts | Kind::Reservations | Kind::Credits
        )
    }

    /// An error if such an owner says nothing of this kind, or one is missing.
    pub fn check(self, owner: Owner<'_>) -> anyhow::Result<()> {
        let by_namespace = matches!(self, Kind::Keys | Kind::Members | Kind::Corrections);
        match owner.namespace {
            None if self.is_of_namespace() => bail!("name a namespace with --namespace"),
            Some(_) if !self.is_of_namespace() && !by_namespace => bail!(
                "--namespace works only with keys, members, users, webhooks, alerts, reservations, \
                 credits and corrections"
            ),
            _ => {}
        }
        if owner.organization.is_some() && !matches!(self, Kind::Roles | Kind::Budgets) {
            bail!("--organization works only with roles and budgets");
        }
        if owner.organization.is_none() && self == Kind::Budgets {
            bail!("name an organization with --organization");
        }
        Ok(())
    }

    /// The field that names its objects.
    pub fn identity(self) -> &'static str {
        match self {
            Kind::Keys | Kind::Webhooks | Kind::Members | Kind::Corrections | Kind::Gateways => {
                "id"
            }
            Kind::Prices => "model",
            Kind::Aliases => "alias",
            Kind::Users => "user_id",
            Kind::Reservations => "reservation_id",
            Kind::Credits => "reference",
            _ => "name",
        }
    }

    /// An object's name, as commands take it.
    pub fn name(self, item: &Value) -> String {
        match self {
            Kind::Keys => format!("{}/{}", text_of(item, "namespace"), text_of(item, "name")),
            _ => cell(field(item, self.identity())),
        }
    }

    /// The path of the list of all of an owner.
    fn list(self, owner: Owner<'_>) -> anyhow::Result<String> {
        let namespace = escape(owner.namespace.unwrap_or_default());
        let below = |list: &str| format!("/v1/namespaces/{namespace}/{list}");
        Ok(match self {
            Kind::Organizations => "/v1/organizations".to_owned(),
            Kind::Namespaces => "/v1/namespaces".to_owned(),
            Kind::Settings | Kind::Routing => {
                bail!("name a namespace, like `paddock get settings team-a`")
            }
            Kind::Keys => format!("/v1/keys{}", owner.query()),
            Kind::Members => format!("/v1/members{}", owner.query()),
            Kind::Prices => "/v1/prices".to_owned(),
            Kind::Aliases => "/v1/aliases".to_owned(),
            Kind::Roles => format!("/v1/roles{}", owner.query()),
            Kind::Budgets => format!("{}/budgets", owner.organization_path()),
            Kind::Users => format!("/v1/team/quotas{}", owner.query()),
            Kind::Webhooks => below("webhooks"),
            Kind::Alerts => below("alerts"),
            Kind::Reservations => below("reservations"),
            Kind::Credits => format!("/v1/credits{}", owner.query()),
            Kind::Corrections => format!("/v1/corrections{}", owner.query()),
            Kind::Gateways => "/v1/gateways".to_owned(),
        })
    }

    /// All of an owner.
    pub fn all(self, client: &Client, owner: Owner<'_>) -> anyhow::Result<Vec<Value>> {
        client.list(&self.list(owner)?)
    }

    /// The object with a name, or an id.
    pub fn one(self, client: &Client, owner: Owner<'_>, name: &str) -> anyhow::Result<Value> {
        if self == Kind::Keys {
            return client.key(name);
        }
        let escaped = escape(name);
        match self {
            Kind::Organizations => client.get(&format!("/v1/organizations/{escaped}")),
            Kind::Namespaces => client.get(&format!("/v1/namespaces/{escaped}")),
            Kind::Settings => client.get(&format!("/v1/namespaces/{escaped}/settings")),
            Kind::Routing => client.get(&format!("/v1/namespaces/{escaped}/routing")),
            Kind::Prices => client.get(&format!("/v1/prices/{escaped}")),
            Kind::Members => client.get(&format!("/v1/members/{escaped}{}", owner.query())),
            _ => {
                let found = self.all(client, owner)?.into_iter().find(|item| {
                    let known = [self.identity(), "id"].map(|field| item.get(field));
                    known.contains(&Some(&json!(name)))
                });
                match found {
                    Some(found) => Ok(found),
                    None => bail!("there is no '{name}'"),
                }
            }
        }
    }

    /// The path at which an object is deleted, which [`Kind::one`] found.
    pub fn path(self, owner: Owner<'_>, item: &Value) -> anyhow::Result<String> {
        let of = |field_name: &str| escape(text_of(item, field_name));
        let namespace = escape(owner.namespace.unwrap_or_default());
        Ok(match self {
            Kind::Organizations => format!("/v1/organizations/{}", of("name")),
            Kind::Namespaces => format!("/v1/namespaces/{}", of("name")),
            Kind::Keys => format!("/v1/keys/{}", of("id")),
            Kind::Members => format!("/v1/members/{}{}", of("id"), owner.query()),
            Kind::Prices => format!("/v1/prices/{}", of("model")),
            Kind::Aliases => format!("/v1/aliases/{}", of("alias")),
            Kind::Webhooks => format!("/v1/namespaces/{namespace}/webhooks/{}", of("id")),
            Kind::Alerts => format!("/v1/namespaces/{namespace}/alerts/{}", of("id")),
            Kind::Reservations => {
                format!(
                    "/v1/namespaces/{namespace}/reservations/{}",
                    of("reservation_id")
                )
            }
            Kind::Budgets => format!("{}/budgets/{}", owner.organization_path(), of("name")),
            Kind::Roles => match owner.organization {
                Some(organization) => {
                    format!(
                        "/v1/organizations/{}/roles/{}",
                        escape(organization),
                        of("name")
                    )
                }
                None => bail!("name the organization that changed the role with --organization"),
            },
            Kind::Settings
            | Kind::Routing
            | Kind::Users
            | Kind::Credits
            | Kind::Corrections
            | Kind::Gateways => bail!(
                "such an object is not deleted. Settings, routing and users' limits are changed with \
                 `paddock apply`; what is booked stays"
            ),
        })
    }
}
