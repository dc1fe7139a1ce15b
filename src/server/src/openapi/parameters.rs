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

/// An alias.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Alias {
    /// The alias; case does not matter. A slash in it stays as it is: Envoy refuses an escaped one.
    #[param(pattern = "^[!-~]+$", max_length = 256)]
    alias: String,
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

/// A member.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberId {
    /// The member's id, or its `user_id`.
    #[param(pattern = "^[!-~]+$", max_length = 256)]
    id: String,
}

/// A budget of an organization.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct BudgetOfOrganization {
    /// The organization's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 128)]
    name: String,
    /// The budget's name.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length = 64)]
    budget: String,
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
