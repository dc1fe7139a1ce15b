//! Parameters that several operations have.

#![expect(dead_code, reason = "the shapes alone are looked at")]

use utoipa::IntoParams;

/// A key.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyId {
    /// The key's id.
    #[param(pattern = "^[!-~]+$", max_length = 128)]
    id: String,
}

/// A namespace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NamespaceName {
    /// The namespace's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 128)]
    name: String,
}

/// An organization.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OrganizationName {
    /// The organization's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 128)]
    name: String,
}

/// A model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ModelName {
    /// The model's name. A slash in it stays as it is: Envoy refuses an escaped one.
    #[param(pattern = "^[!-~]+$", max_length = 256)]
    model: String,
}

/// A webhook.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WebhookId {
    /// The webhook's id.
    #[param(pattern = "^[!-~]+$", max_length = 128)]
    id: String,
}

/// Something of a namespace.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WithinNamespace {
    /// The namespace's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 128)]
    name: String,
    /// The id; of an alert, its name too.
    #[param(pattern = "^[!-~]+$", max_length = 128)]
    id: String,
}

/// A page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Rows of the page; 100 where none are named.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u64>,
    /// What comes behind this one: the `last_id`, or the last name, of the page before.
    #[param(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    after: Option<String>,
}

/// Of which namespace.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfNamespace {
    /// A namespace's name. Also accepted as `team`, `team_id` and `project`.
    #[param(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    namespace: Option<String>,
}

/// A member.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberId {
    /// The member's id, or its `user_id`.
    #[param(pattern = "^[!-~]+$", max_length = 256)]
    id: String,
}

/// A role of an organization.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RoleOfOrganization {
    /// The organization's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 128)]
    name: String,
    /// `admin`, `developer`, `analyst` or `viewer`.
    #[param(pattern = "^(admin|developer|analyst|viewer)$")]
    role: String,
}

/// Of which organization and namespace.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Reach {
    /// A namespace's name. Also accepted as `team`, `team_id` and `project`.
    #[param(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    namespace: Option<String>,
    /// An organization's name: the caller's own, or any to the operator.
    #[param(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    organization: Option<String>,
}
