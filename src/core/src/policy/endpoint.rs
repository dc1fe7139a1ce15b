//! What a key may be used for: its role, and the scopes that narrow it.

use serde::{Deserialize, Serialize};

/// A kind of model endpoint, as named in a key's `scopes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EndpointScope {
    /// Chat completions.
    #[serde(rename = "chat:create")]
    Chat,
    /// Text completions.
    #[serde(rename = "completions:create")]
    Completions,
    /// Embeddings, in any wire format.
    #[serde(rename = "embeddings:create")]
    Embeddings,
    /// OpenAI responses.
    #[serde(rename = "responses:create")]
    Responses,
    /// Anthropic messages and their token counts.
    #[serde(rename = "messages:create")]
    Messages,
    /// Gemini content generation and its token counts.
    #[serde(rename = "content:generate")]
    GenerateContent,
    /// Moderation of texts and images.
    #[serde(rename = "moderations:create")]
    Moderations,
    /// Ranking of documents by a query.
    #[serde(rename = "rerank:create")]
    Rerank,
    /// Images that are made or edited.
    #[serde(rename = "images:create")]
    Images,
    /// Speech, and sound written down.
    #[serde(rename = "audio:create")]
    Audio,
    /// The list of models.
    #[serde(rename = "models:read")]
    Models,
}

impl EndpointScope {
    /// Every scope, in the order they are listed to people.
    pub const ALL: [EndpointScope; 11] = [
        EndpointScope::Chat,
        EndpointScope::Completions,
        EndpointScope::Embeddings,
        EndpointScope::Responses,
        EndpointScope::Messages,
        EndpointScope::GenerateContent,
        EndpointScope::Moderations,
        EndpointScope::Rerank,
        EndpointScope::Images,
        EndpointScope::Audio,
        EndpointScope::Models,
    ];

    /// The name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            EndpointScope::Chat => "chat:create",
            EndpointScope::Completions => "completions:create",
            EndpointScope::Embeddings => "embeddings:create",
            EndpointScope::Responses => "responses:create",
            EndpointScope::Messages => "messages:create",
            EndpointScope::GenerateContent => "content:generate",
            EndpointScope::Moderations => "moderations:create",
            EndpointScope::Rerank => "rerank:create",
            EndpointScope::Images => "images:create",
            EndpointScope::Audio => "audio:create",
            EndpointScope::Models => "models:read",
        }
    }
}

/// What the holder of a key is, from most to least powerful.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Manages everything in its organization.
    Admin,
    /// Uses models and reads analytics.
    #[default]
    Developer,
    /// Uses its models and reads analytics.
    Analyst,
    /// Reads analytics only.
    Viewer,
}

impl Role {
    /// Every role, from most to least powerful.
    pub const ALL: [Role; 4] = [Role::Admin, Role::Developer, Role::Analyst, Role::Viewer];

    /// The name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Developer => "developer",
            Role::Analyst => "analyst",
            Role::Viewer => "viewer",
        }
    }

    /// Whether the role is more powerful than another.
    pub fn is_wider_than(self, other: Role) -> bool {
        self < other
    }

    /// Whether the role may use an endpoint at all; a key's scopes narrow this further.
    pub const fn allows(self, endpoint: EndpointScope) -> bool {
        !matches!(self, Role::Viewer) || matches!(endpoint, EndpointScope::Models)
    }
}
