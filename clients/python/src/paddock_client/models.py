# Written by `make python-client` from src/server/openapi.json: edit that.
"""What the API answers. Money is in US dollars, times are in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ListAuditOrder = Literal["asc", "desc"]
ListAuditFormat = Literal["json", "csv"]
ListAuditAggregation = Literal["per_key"]
GetCostAttributionGroupBy = Literal["team", "namespace", "project", "key", "user", "tag", "model"]
GetCostAttributionBreakdown = Literal["by_model"]
CreditKind = Literal["top_up", "grant", "adjustment"]
ContentMode = Literal["relaxed", "standard", "strict"]
Role = Literal["admin", "developer", "analyst", "viewer"]
EndpointScope = Literal[
    "chat:create",
    "completions:create",
    "embeddings:create",
    "responses:create",
    "messages:create",
    "content:generate",
    "moderations:create",
    "rerank:create",
    "images:create",
    "audio:create",
    "models:read",
]
LimitKind = Literal[
    "rate_limit_per_minute", "tokens_per_minute", "bytes_per_minute", "max_concurrency", "quotas"
]
GetKeyUsageGranularity = Literal["hour", "day", "month"]
FailureMode = Literal["closed", "open"]
Priority = Literal["high", "standard", "low", "background"]
UnknownPrice = Literal["refuse", "dearest", "free"]
AlertAction = Literal["webhook", "slack", "email", "disable_key", "throttle"]
AlertWindow = Literal["1d", "7d", "30d"]
ReferencePolicy = Literal["allow", "refuse"]
ThrottleMode = Literal["reject", "redirect", "queue"]
WebhookEvent = Literal[
    "quota_80_percent",
    "quota_95_percent",
    "quota_exceeded",
    "spend.threshold",
    "credits.refilled",
    "credits.refill_limit_reached",
]
OutputLimitField = Literal["max_tokens", "max_completion_tokens", "none"]
ListRequestsOutcome = Literal["complete", "truncated", "upstream_error", "refused"]
Metric = Literal["cost", "requests", "tokens"]
GroupBy = Literal["namespace", "organization", "model", "upstream", "key", "user", "tag"]
GetUsageSeriesGranularity = Literal["hour", "day", "month"]
StreamUsageGranularity = Literal["1s", "5s", "10s", "15s", "30s", "1m", "5m", "15m", "1h"]
GetUsageTableSort = Literal["cost", "requests", "tokens", "name"]
GetUsageTableFormat = Literal["json", "csv", "focus"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
ReservationStatus = Literal["open", "expired", "released"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits in force, as they are answered: what is not set is the parent's."""

    burst: int
    """Requests that the bucket holds."""
    bytes_per_minute: int | None = None
    """Bytes of requests' bodies that each gateway reads a minute; `null` is what the gateway's
    `held_bodies.bytes_per_minute` says.
    """
    daily_quota_usd: float
    """Hard cap of a calendar day, in US dollars."""
    max_concurrency: int | None = None
    """Requests in flight at once; `null` is as many as come."""
    monthly_quota_usd: float
    """Hard cap of a calendar month, in US dollars."""
    quotas_usd: dict[str, float]
    """Hard caps of other periods, in US dollars."""
    rate_limit_per_minute: int
    """Requests a minute."""
    soft_limits: list[LimitKind]
    """Those of its own limits that are told and not enforced."""
    tokens_per_minute: int
    """Tokens a minute, input and output."""


@dataclass(frozen=True, kw_only=True)
class Namespace(Limits):
    """A namespace in JSON."""

    allowed_models: list[str]
    """The models that may be used."""
    created_at: datetime
    """When it was created."""
    enabled: bool
    """Whether it is accepted."""
    failure_mode: FailureMode
    """What happens to requests while the service does not answer."""
    id: str
    """Its id."""
    name: str
    """Its name."""
    object: str
    """What this is."""
    organization: str
    """The organization it belongs to."""
    own_limits: list[str]
    """Which limits are its own; the others are the organization's."""
    prepaid: bool
    """Whether the balance of its account is a cap."""
    priority: Priority
    """Which requests go first if several wait."""
    tags: list[str] | dict[str, str] | None = None
    """Labels."""
    time_zone: str | None = None
    """The time zone of its calendar; `null` is the organization's."""
    unknown_price: UnknownPrice
    """Whether models without a price are refused or free."""
    updated_at: datetime
    """When it was last changed."""
    user_monthly_quota_usd: float | None = None
    """Hard cap of a month for each end user that has none of their own, in US dollars."""
    weight: int
    """Its share of an upstream's limit, beside others of its priority."""


@dataclass(frozen=True, kw_only=True)
class NamespacePage:
    """One page of a list."""

    data: list[Namespace]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """That something was deleted."""

    deleted: bool
    """Always true."""
    id: str
    """What was deleted."""
    object: str
    """Its kind."""


@dataclass(frozen=True, kw_only=True)
class DeletedNamespace(Deleted):
    """That a namespace was deleted."""

    deleted_keys: int
    """How many keys ended with it."""


@dataclass(frozen=True, kw_only=True)
class NamespaceModelUsage:
    """What a namespace used of one model."""

    cost: float
    """US dollars."""
    requests: int
    """Requests."""
    tokens: int
    """Tokens, input and output."""


@dataclass(frozen=True, kw_only=True)
class NamespaceUsage:
    """What a namespace used."""

    avg_latency_ms: float
    """Milliseconds from request to the end of its answer, on average."""
    current_month_cost: float
    """US dollars spent this month."""
    days_remaining_in_period: int
    """Days left of the month, today included."""
    model_breakdown: dict[str, NamespaceModelUsage]
    """The period by model."""
    namespace: str
    """The namespace's name."""
    p50_latency_ms: float
    """The median, in milliseconds."""
    p99_latency_ms: float
    """The 99th percentile, in milliseconds."""
    period_end: datetime
    """The last moment it covers."""
    period_start: datetime
    """The first moment it covers."""
    prepaid_balance: float | None = None
    """US dollars left of the prepaid balances that limit it: the namespace's or the
    organization's, whichever is less. Absent if neither is prepaid.
    """
    projected_month_end_spend: float
    """US dollars by the end of the month, at this month's rate so far."""
    quota_limit: float
    """The quota of a calendar month, in US dollars."""
    quota_remaining: float
    """US dollars left of it."""
    rate_limit_remaining: int
    """Requests left in this minute."""
    remaining_quota: float
    """US dollars left of the quota."""
    request_count: int
    """Requests in the period."""
    total_spent: float
    """US dollars spent in the period."""
    total_tokens: int
    """Tokens in the period, input and output."""


@dataclass(frozen=True, kw_only=True)
class UsageTotals:
    """The period of a report, and what was used in it."""

    period_end: datetime
    """The last moment it covers."""
    period_start: datetime
    """The first moment it covers."""
    total_cost_usd: float
    """US dollars in the period."""
    total_requests: int
    """Requests in the period."""
    total_tokens: int
    """Tokens in the period, input and output."""


@dataclass(frozen=True, kw_only=True)
class UsagePart:
    """A part of what was used: of one model, user or key, or in one step."""

    cost_usd: float
    """US dollars."""
    requests: int
    """Requests."""
    tokens: int
    """Tokens, input and output."""


@dataclass(frozen=True, kw_only=True)
class TeamUsage(UsageTotals):
    """What a team used."""

    by_key: dict[str, UsagePart]
    """By key."""
    by_model: dict[str, UsagePart]
    """The same by model."""
    by_user: dict[str, UsagePart]
    """By end user: the 1,000 who cost most, all others as `(others)`."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in JSON."""

    allowed_categories: list[str]
    """Categories of the content policy that are allowed here."""
    allowed_regions: list[str] | None = None
    """The regions of deployments that may serve it; `null` is any."""
    auto_throttle_at_percent: int | None = None
    """The percentage of its budget at which throttling begins; `null` is never."""
    content_policy_mode: ContentMode
    """How strictly prompts are judged."""
    failure_mode: FailureMode
    """What happens to requests while the service does not answer."""
    fallback_model: str | None = None
    """The model that serves redirected requests."""
    max_queue_size: int
    """Requests that wait at most."""
    namespace: str
    """The namespace's name."""
    preferred_regions: list[str]
    """The regions of deployments that are tried first."""
    queue_timeout_seconds: int
    """Seconds that a request waits at most."""
    references: ReferencePolicy
    """Whether a request may refer to what is not in its body."""
    throttle_factor: float
    """The share of its rates that is left while it is throttled."""
    throttle_mode: ThrottleMode
    """What happens to the requests over the throttled rate."""
    unknown_price: UnknownPrice
    """What happens to a request for a model, tier, region or tool without a price."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A namespace's quotas in JSON."""

    daily_quota_usd: float | None = None
    """Hard cap of a UTC day, in US dollars."""
    monthly_quota_usd: float
    """In force: its own, or the organization's."""
    namespace: str
    """The namespace's name."""
    override_expires_at: datetime | None = None
    """When the override ends."""
    quota_override_reason: str | None = None
    """The reason of the override, if there is one."""
    reverts_to: dict[str, Any] | None = None
    """The quotas to which it reverts then, by their names; `null` is the organization's."""


@dataclass(frozen=True, kw_only=True)
class UserQuota:
    """A quota in JSON."""

    monthly_limit_usd: float | None = None
    """The cap in force; `null` if there is neither one of the user's own nor one for everybody."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    own: bool
    """Whether it is the user's own, not the namespace's for everybody."""
    updated_at: datetime | None = None
    """When it was last changed."""
    user_id: str
    """The end user, as requests name them."""


@dataclass(frozen=True, kw_only=True)
class UserQuotaPage:
    """One page of a list."""

    data: list[UserQuota]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class SecondarySecret:
    """The older secret of a rotated key."""

    expires_at: datetime | None = None
    """When it expires; `null` is never."""
    key_preview: str
    """The first 8 and the last 4 characters of the secret."""


@dataclass(frozen=True, kw_only=True)
class Key(Limits):
    """A key in JSON."""

    allowed_models: list[str]
    """The models that may be used."""
    content_policy_mode: ContentMode | None = None
    """How strictly prompts are judged."""
    created_at: datetime
    """When it was created."""
    enabled: bool
    """Whether it is accepted."""
    environment: str | None = None
    """What it is used in, such as `production`."""
    expires_at: datetime | None = None
    """When it expires; `null` is never."""
    id: str
    """Its id."""
    key_preview: str
    """The first 8 and the last 4 characters of the secret."""
    member_id: str | None = None
    """The id of that member."""
    name: str
    """Its name."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    organization: str
    """The organization it belongs to."""
    own_limits: list[str]
    """Which limits are its own; the others are the namespace's."""
    role: Role
    """What its holder may do."""
    scopes: list[EndpointScope]
    """The endpoints it may use."""
    secondary: SecondarySecret | None = None
    """The older secret of a rotated key."""
    tags: list[str] | dict[str, str] | None = None
    """Labels."""
    updated_at: datetime
    """When it was last changed."""
    user_id: str | None = None
    """The user who is the member that it belongs to."""


@dataclass(frozen=True, kw_only=True)
class CreatedKey(Key):
    """The new key, with its secret."""

    key: str = field(repr=False)
    """The secret: shown this once."""


@dataclass(frozen=True, kw_only=True)
class KeyPage:
    """One page of a list."""

    data: list[Key]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class KeyLimits(Limits):
    """The limits in force, also under the short names of this endpoint."""

    id: str
    """Its id."""
    rpm: int
    """Requests a minute."""
    tpm: int
    """Tokens a minute."""


@dataclass(frozen=True, kw_only=True)
class RotatedKey:
    """Both secrets: the new one is shown this once."""

    id: str
    """Its id."""
    key: str = field(repr=False)
    """The secret: shown this once."""
    name: str
    """Its name."""
    namespace: str
    """The namespace's name."""
    primary: str = field(repr=False)
    """The new secret: shown this once."""
    primary_expires_at: datetime | None = None
    """When the new secret expires; `null` is never."""
    primary_preview: str
    """The first 8 and the last 4 characters of the new secret."""
    secondary: str | None = None
    """The first 8 and the last 4 characters of the old secret."""
    secondary_expires_at: datetime | None = None
    """When the old secret expires."""


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """The caller's own key."""

    expires_at: datetime | None = None
    """When its secret expires; `null` is never."""
    id: str
    """Its id."""
    name: str
    """Its name."""
    user_id: str | None = None
    """The user who is the member that it belongs to."""


@dataclass(frozen=True, kw_only=True)
class FormatPaths:
    """For each wire format, the path that replaces the `/v1` (or `/v1beta`) of the path that
    clients ask; an empty one replaces nothing. If no format has one, every format is served at
    the path that clients ask.
    """

    anthropic: str | None = None
    """Anthropic's messages."""
    gemini: str | None = None
    """Google's content generation and embeddings."""
    openai: str | None = None
    """OpenAI's chat completions, completions and embeddings."""
    responses: str | None = None
    """OpenAI's responses."""


@dataclass(frozen=True, kw_only=True)
class PriceStep:
    """Other prices of calls with long prompts. What is absent costs what it costs below."""

    above_tokens: int
    """The prompt has more tokens than this, cached ones included."""
    audio_input_usd_per_million: float | None = None
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: float | None = None
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: float | None = None
    """US dollars per million input tokens read from the provider's cache."""
    image_input_usd_per_million: float | None = None
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: float | None = None
    """US dollars per million output tokens of images."""
    input_usd_per_million: float | None = None
    """US dollars per million input tokens."""
    output_usd_per_million: float | None = None
    """US dollars per million output tokens."""
    reasoning_usd_per_million: float | None = None
    """US dollars per million tokens of reasoning."""


@dataclass(frozen=True, kw_only=True)
class PriceTier:
    """What a call costs that is served in a tier: either `percent`, or prices of its own. Of the
    latter what is absent costs what it costs in the standard tier.
    """

    audio_input_usd_per_million: float | None = None
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: float | None = None
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: float | None = None
    """US dollars per million input tokens read from the provider's cache."""
    image_input_usd_per_million: float | None = None
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: float | None = None
    """US dollars per million output tokens of images."""
    input_usd_per_million: float | None = None
    """US dollars per million input tokens."""
    output_usd_per_million: float | None = None
    """US dollars per million output tokens."""
    percent: int | None = None
    """Percent of the standard prices."""
    reasoning_usd_per_million: float | None = None
    """US dollars per million tokens of reasoning."""
    steps: list[PriceStep] | None = None
    """Other prices of calls with long prompts."""


@dataclass(frozen=True, kw_only=True)
class DeploymentPrice:
    """What a call costs that a deployment serves. It follows nothing of the model's own price."""

    audio_input_usd_per_million: float | None = None
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: float | None = None
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: float | None = None
    """US dollars per million input tokens read from the provider's cache."""
    fees_usd: dict[str, float] | None = None
    """US dollars per call of the provider's tools."""
    image_input_usd_per_million: float | None = None
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: float | None = None
    """US dollars per million output tokens of images."""
    input_usd_per_million: float | None = None
    """US dollars per million input tokens."""
    output_usd_per_million: float | None = None
    """US dollars per million output tokens."""
    reasoning_usd_per_million: float | None = None
    """US dollars per million tokens of reasoning."""
    steps: list[PriceStep] | None = None
    """Other prices of calls with long prompts."""
    surcharges_percent: dict[str, int] | None = None
    """Percent that are added in regions."""
    tiers: dict[str, PriceTier] | None = None
    """What a call costs in other tiers."""
    units_usd: dict[str, float] | None = None
    """US dollars per image, second, character, page and search."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One of the places that serve a model."""

    paths: FormatPaths | None = None
    """Where the upstream serves each wire format."""
    price: DeploymentPrice | None = None
    """What a call costs that it serves; if left out, what the model costs."""
    priority: int | None = None
    """One is tried before all of a higher number."""
    region: str | None = None
    """Where it computes, in a word of yours: letters, digits, `-`, `_` and `.`."""
    upstream: str
    """The Envoy cluster that serves it."""
    upstream_model: str | None = None
    """The upstream's name for the model, if that is another one."""
    weight: int | None = None
    """Its part of the calls among those of its priority."""


@dataclass(frozen=True, kw_only=True)
class LaterPrice:
    """A price that comes into force later."""

    audio_input_usd_per_million: float | None = None
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: float | None = None
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: float | None = None
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: float | None = None
    """US dollars per million input tokens read from the provider's cache."""
    effective_from: datetime
    """When it does."""
    fees_usd: dict[str, float]
    """US dollars per call of the provider's tools."""
    image_input_usd_per_million: float | None = None
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: float | None = None
    """US dollars per million output tokens of images."""
    input_usd_per_million: float | None = None
    """US dollars per million input tokens."""
    output_usd_per_million: float | None = None
    """US dollars per million output tokens."""
    reasoning_usd_per_million: float | None = None
    """US dollars per million tokens of reasoning."""
    steps: list[PriceStep]
    """Other prices of calls with long prompts."""
    surcharges_percent: dict[str, int]
    """Percent that are added in regions."""
    tiers: dict[str, PriceTier]
    """What a call costs in other tiers."""
    units_usd: dict[str, float]
    """US dollars per image, second, character, page and search."""


@dataclass(frozen=True, kw_only=True)
class MediaTokensView:
    """The most tokens of one medium within a prompt. Of what is absent, its bytes tell."""

    audio: int | None = None
    """Of one sound."""
    document: int | None = None
    """Of one document."""
    image: int | None = None
    """Of one image."""
    video: int | None = None
    """Of one video."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """A model's price, in dollars per million tokens, and where it is served."""

    audio_input_usd_per_million: float | None = None
    """The same of input of audio; `null` if nobody has set it."""
    audio_output_usd_per_million: float | None = None
    """The same of output of audio; `null` if nobody has set it."""
    batch_percent: int | None = None
    """The price of a batch, in percent of these prices; `null` if it has prices of its own."""
    cache_write_1h_usd_per_million: float | None = None
    """The same of input written to the cache for an hour."""
    cache_write_5m_usd_per_million: float | None = None
    """The same of input written to the cache for five minutes."""
    cached_input_usd_per_million: float | None = None
    """The same of input read from the cache."""
    capabilities: list[str]
    """What the model can do; if empty, nothing is known about that."""
    context_window: int | None = None
    """The most tokens of prompt and answer together; `null` if nobody has said."""
    deployments: list[Deployment]
    """All places that serve it; empty if the upstream above is the only one."""
    effective_from: datetime | None = None
    """Since when the price is in force; `null` if it always was."""
    fees_usd: dict[str, float]
    """US dollars per call of the provider's tools."""
    image_input_usd_per_million: float | None = None
    """The same of input of images and video."""
    image_output_usd_per_million: float | None = None
    """The same of output of images; `null` if nobody has set it."""
    input_usd_per_million: float | None = None
    """US dollars per million input tokens; `null` if the model has no price."""
    later: list[LaterPrice]
    """Prices that come into force later, the earliest first."""
    max_output_tokens: int
    """The most output tokens of one answer; 4096 if nobody has said."""
    media_tokens: MediaTokensView
    """The most tokens of one medium within a prompt."""
    model: str
    """The model."""
    object: str
    """What this is."""
    output_limit_field: OutputLimitField | None = None
    """The field of chat completions that limits its output; `null` if all that the format has do."""
    output_usd_per_million: float | None = None
    """The same of output."""
    paths: FormatPaths
    """Where the upstream serves each wire format."""
    reasoning_usd_per_million: float | None = None
    """The same of reasoning."""
    steps: list[PriceStep]
    """Other prices of calls with long prompts."""
    surcharges_percent: dict[str, int]
    """Percent that are added in regions."""
    tiers: dict[str, PriceTier]
    """What a call costs in other tiers."""
    units_usd: dict[str, float]
    """US dollars per image, second, character, page and search."""
    upstream: str
    """The Envoy cluster that serves it."""
    upstream_model: str | None = None
    """The upstream's name for it, if that is another one."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What the caller may do."""

    allowed_endpoints: list[EndpointScope]
    """The endpoints it may use."""
    can_create_api_keys: bool
    """Whether it creates keys, and rotates them."""
    can_manage_users: bool
    """Whether it manages members, and narrows other roles."""
    can_view_analytics: bool
    """Whether it reads usage, costs and the audit."""


@dataclass(frozen=True, kw_only=True)
class OwnBudget:
    """A cap of money."""

    limit_usd: float
    """The cap, in US dollars."""
    period: str
    """`hourly`, `daily`, `weekly`, `monthly`, `quarterly`, `last_N_days` or `total`, or `balance`
    for a prepaid balance.
    """
    remaining_usd: float
    """US dollars left beside reservations; never negative."""
    resets_at: datetime | None = None
    """When the period ends; `null` for a balance and for all of time."""
    set_by: str
    """Where the cap comes from: `key`, `role`, `namespace`, `organization` or `budget`."""
    soft: bool
    """Whether it is told and never enforced."""
    spent_usd: float | None = None
    """US dollars booked in the period; `null` if it is not the caller's to know. What others of an
    organization spent is known to its admins.
    """


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """A limit that is no money."""

    limit: str
    """Which."""
    soft: bool
    """Whether it is told and never enforced."""
    value: int
    """How much: a minute, or at once."""


@dataclass(frozen=True, kw_only=True)
class LimitedLevel:
    """One level, and the limits that are set there."""

    budgets: list[OwnBudget]
    """Caps of money; empty if none is set."""
    name: str
    """Its name for people."""
    rates: list[RateLimit]
    """Rates and concurrency; empty if none is set."""
    scope: str
    """Its name in refusals."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who calls."""

    key: OwnKey | None = None
    """The key; `null` for the operator."""
    models: list[Price]
    """The models it may use, with their prices."""
    namespace: str | None = None
    """The namespace's name; `null` for the operator."""
    object: str
    """What this is."""
    operator: str | None = None
    """Which of the operator's keys it is; `null` if it has no name, and for all others."""
    organization: str | None = None
    """The organization's name; `null` for the operator."""
    rights: Rights
    """What it may do."""
    role: str
    """`operator`, or the role of the key."""
    scopes: list[LimitedLevel]
    """The levels that limit it: the key, its namespace, its organization, and the budgets of the
    organization that cover its calls, or those of the models that they name. A call must fit
    into each.
    """


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """The status of a key."""

    budget_limit_usd: float
    """The budget of this UTC month, in US dollars."""
    budget_remaining_usd: float
    """US dollars left of the budget."""
    budget_used_percent: float
    """How much of the budget is spent, in percent."""
    budget_used_usd: float
    """US dollars spent of the budget."""
    current_rpm: int
    """Requests booked in this minute."""
    current_tpm: int
    """Tokens booked in this minute."""
    enabled: bool
    """Whether it is accepted."""
    expired: bool
    """Whether its secret has expired."""
    id: str
    """Its id."""
    limit_rpm: int
    """Requests a minute that are allowed."""
    limit_tpm: int
    """Tokens a minute that are allowed."""
    name: str
    """Its name."""
    namespace: str
    """The namespace's name."""
    prepaid_balance_usd: float | None = None
    """US dollars left of the prepaid balance of the namespace or the organization, whichever is
    less; absent if neither is prepaid.
    """
    throttled: bool
    """Whether it is throttled now."""


@dataclass(frozen=True, kw_only=True)
class UsageStep(UsagePart):
    """What a key used in one step."""

    start: datetime
    """The first moment of the step."""


@dataclass(frozen=True, kw_only=True)
class KeyUsage(UsageTotals):
    """What a key used."""

    budget_remaining_usd: float
    """US dollars left of this UTC month's budget."""
    budget_used_percent: float
    """How much of the budget is spent, in percent."""
    by_model: dict[str, UsagePart]
    """The same by model."""
    id: str
    """Its id."""
    key_name: str
    """The key's name."""
    limit_rpm: int
    """Requests a minute that are allowed."""
    limit_tpm: int
    """Tokens a minute that are allowed."""
    namespace: str
    """The namespace's name."""
    peak_rpm: int
    """The most requests of one minute."""
    peak_tpm: int
    """The most tokens of one minute."""
    prepaid_balance_usd: float | None = None
    """US dollars left of the prepaid balances above it: the namespace's or the organization's,
    whichever is less. Absent if neither is prepaid.
    """
    series: list[UsageStep]
    """By step, the first one first, none left out."""


@dataclass(frozen=True, kw_only=True)
class RoutingConditions:
    """What a request must be like. What is absent does not matter."""

    batch_mode: bool | None = None
    """Whether the request says that it can wait."""
    max_output_tokens: int | None = None
    """The request asks for at most so many output tokens. One that sets no limit asks for more."""
    model_capability_required: str | None = None
    """The request needs this of a model. It is then served only by models that have it, or that do
    not say what they can do.
    """
    priority: Priority | None = None
    """The request's priority; its namespace's if it has none of its own."""
    system_prompt_contains: list[str] | str | None = None
    """The system prompt contains this text, or one of these, whatever their case."""
    temperature: float | None = None
    """The request sets a temperature of at most this. One that sets none has the provider's own."""


@dataclass(frozen=True, kw_only=True)
class RoutingRule:
    """One rule."""

    fallback: str | None = None
    """The model that serves them if the target may not be used."""
    match_conditions: RoutingConditions | None = None
    """All of them must hold; a rule without conditions matches every request."""
    name: str
    """Unique in its routing: visible ASCII and blanks, because it is sent in a header."""
    target_model: str
    """The model that serves the requests that the rule matches."""


@dataclass(frozen=True, kw_only=True)
class Routing:
    """Where requests for the model `auto` go."""

    fallback_model: str | None = None
    """Serves what no rule matches."""
    name: str
    """What its author calls it."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    rules: list[RoutingRule]
    """In order."""


@dataclass(frozen=True, kw_only=True)
class DeletedDocument(Deleted):
    """That a namespace has a document no more."""

    namespace: str
    """The namespace's name."""


@dataclass(frozen=True, kw_only=True)
class RoutingResolution:
    """The model that would serve a request, and its estimated cost."""

    cost_savings_pct: float
    """What the choice saves, in percent of the estimate for the most expensive model that the
    routing could choose for the caller.
    """
    dearest_cost: float
    """The estimate for that most expensive model, in US dollars."""
    estimated_cost: float
    """US dollars that a gateway reserves before it sends the request. The charge is for what the
    provider counts afterwards.
    """
    estimated_input_tokens: int
    """Most prompt tokens assumed."""
    estimated_output_tokens: int
    """Most output tokens assumed."""
    model: str
    """The model."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    reason: str | None = None
    """What `x-paddock-reason` would say."""
    rule: str | None = None
    """`null` if no rule matches, or the request names a model."""


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """A reservation in JSON."""

    approved: bool
    """Always true: what was refused is not stored."""
    created_at: datetime
    """When it was created."""
    estimated_cost_usd: float
    """What was set aside, in US dollars."""
    expires_at: datetime
    """When it expires."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    released_at: datetime | None = None
    """When it was released before it expired."""
    remaining_usd: float | None = None
    """What the namespace has left beside its reservations, in US dollars; absent for roles that
    may not see what is spent.
    """
    reservation_id: str
    """What requests send as `X-Reservation-Id`."""
    spent_usd: float
    """What is booked of it, in US dollars."""
    status: ReservationStatus
    """Whether it is open."""
    unspent_usd: float
    """What is not booked of it, whether it can still be spent or not."""


@dataclass(frozen=True, kw_only=True)
class ReservationPage:
    """One page of a list."""

    data: list[Reservation]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """An entry in JSON."""

    amount: float
    """The amount that was sent, in `currency`."""
    amount_usd: float
    """US dollars."""
    author: str
    """Who created it: a key's id, `operator`, `credits-hook` or `auto-refill`."""
    created_at: datetime
    """When it was created."""
    currency: str
    """The currency of `amount`."""
    exchange_rate: float
    """US dollars that a unit of the currency was worth."""
    id: str
    """Its id."""
    kind: CreditKind
    """Why it was paid in."""
    namespace: str | None = None
    """Whose account it is; `null` if it is the organization's."""
    object: str
    """What this is."""
    organization: str
    """Its organization."""
    reference: str
    """The caller's name for it."""


@dataclass(frozen=True, kw_only=True)
class CreditPage:
    """One page of a list."""

    data: list[Credit]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class CreditList(CreditPage):
    """A balance, and a page of its entries."""

    available_usd: float
    """US dollars left beside reservations; never negative."""
    balance: float
    """The balance in `currency`, rounded down."""
    balance_usd: float
    """US dollars paid in less those spent. Adjustments, and costs that could not be foreseen, can
    make it negative.
    """
    credited_usd: float
    """US dollars paid in."""
    currency: str
    """The currency that was asked for."""
    exchange_rate: float
    """US dollars that a unit of it is worth."""
    namespace: str | None = None
    """Whose account it is; `null` if it is an organization's."""
    organization: str
    """Its organization."""
    prepaid: bool
    """Whether the balance is a cap."""
    reserved_usd: float
    """US dollars of it that reservations hold."""
    spent_usd: float
    """US dollars spent of that."""


@dataclass(frozen=True, kw_only=True)
class AutoRefill:
    """A namespace's auto-refill in JSON."""

    amount_usd: float
    """US dollars of one refill."""
    at_most_per_month_usd: float
    """US dollars of all refills in a UTC calendar month, at most."""
    below_usd: float
    """A balance below this is low, in US dollars."""
    created_at: datetime
    """When it was first set."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    refilled_this_month_usd: float
    """US dollars of this month's refills."""
    updated_at: datetime
    """When it was last set."""


@dataclass(frozen=True, kw_only=True)
class Organization(Limits):
    """An organization in JSON."""

    allowed_models: list[str] | None = None
    """The models that its namespaces may use; `null` is every model."""
    created_at: datetime
    """When it was created."""
    enforced: list[str]
    """Which of these limits are set: gateways enforce those. The others are this installation's
    defaults, which bind no request.
    """
    id: str
    """Its id."""
    max_keys: int | None = None
    """How many keys all its namespaces may have; `null` is as many as come."""
    max_members: int | None = None
    """How many members all its namespaces may have; `null` is as many as come."""
    max_namespaces: int | None = None
    """How many namespaces it may have; `null` is as many as come."""
    max_priority: Priority
    """The highest priority that its admins may give a namespace."""
    name: str
    """Its name."""
    object: str
    """What this is."""
    prepaid: bool
    """Whether the balance of its own account caps what it spends."""
    tags: list[str] | dict[str, str] | None = None
    """Labels."""
    time_zone: str | None = None
    """The time zone of its calendar; `null` is UTC."""
    updated_at: datetime
    """When it was last changed."""


@dataclass(frozen=True, kw_only=True)
class OrganizationPage:
    """One page of a list."""

    data: list[Organization]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Covers:
    """Which calls a budget covers: those that each list has that is there."""

    models: list[str] | None = None
    """Models, names or aliases; at most 64."""
    namespaces: list[str] | None = None
    """Namespaces of the organization that share it; at most 64."""
    tags: list[str] | None = None
    """Labels, of which the key of a call or its namespace has one: texts, or `name:value`; at most
    64.
    """


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A budget in JSON."""

    budgets: list[OwnBudget]
    """Each cap, with what is spent of it."""
    covers: Covers
    """Which calls it covers; a list that is absent leaves nothing out."""
    created_at: datetime
    """When it was created."""
    daily_quota_usd: float | None = None
    """Hard cap of a calendar day, in US dollars; `null` is none."""
    monthly_quota_usd: float | None = None
    """Hard cap of a calendar month, in US dollars; `null` is none."""
    name: str
    """Its name."""
    object: str
    """What this is."""
    organization: str
    """The organization."""
    quotas_usd: dict[str, float]
    """Hard caps of other periods, in US dollars."""
    scope: str
    """Its name in refusals."""
    set_by: str
    """Who set it and may change it: `operator`, or `admin` for the organization's admins and the
    operator.
    """
    soft: bool
    """Whether its caps are told and never enforced."""
    updated_at: datetime
    """When it was last changed."""


@dataclass(frozen=True, kw_only=True)
class BudgetPage:
    """One page of a list."""

    data: list[Budget]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class RoleRights:
    """One role, as it is in an organization."""

    allowed_endpoints: list[EndpointScope]
    """The endpoints it may use."""
    can_create_api_keys: bool
    """Whether it creates keys, and rotates them."""
    can_manage_users: bool
    """Whether it manages members, and narrows other roles."""
    can_view_analytics: bool
    """Whether it reads usage, costs and the audit."""
    models: list[str]
    """The models it may use."""
    monthly_quota_usd: float
    """The most that each key of it may spend in a UTC calendar month, in US dollars."""
    name: Role
    """Its name."""
    organization: str
    """The organization."""
    overridden: list[str]
    """Which of these the organization set."""


@dataclass(frozen=True, kw_only=True)
class RoleRightsPage:
    """One page of a list."""

    data: list[RoleRights]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member in JSON."""

    created_at: datetime
    """When they became a member."""
    email: str
    """The address that mail to them is sent to."""
    id: str
    """Its id."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    organization: str
    """The organization of the namespace."""
    role: Role
    """The widest role their keys may have."""
    updated_at: datetime
    """When it was last changed."""
    user_id: str
    """The user who is the member."""


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    """One page of a list."""

    data: list[Member]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class DeletedMember(Deleted):
    """The answer to the removal of a member."""

    disabled_keys: int
    """How many keys were disabled."""
    user_id: str
    """The user who was the member."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook in JSON."""

    created_at: datetime
    """When it was created."""
    events: list[WebhookEvent]
    """The events that are delivered."""
    id: str
    """Its id."""
    namespace: str
    """The namespace's name."""
    object: str
    """What this is."""
    threshold_percent: int | None = None
    """The percentage of the monthly quota at which `spend.threshold` is delivered."""
    url: str
    """The URL that events are delivered to."""


@dataclass(frozen=True, kw_only=True)
class CreatedWebhook(Webhook):
    """A webhook after it was created or updated."""

    secret: str | None = field(default=None, repr=False)
    """The secret that signs deliveries, if it was generated now: shown this once."""


@dataclass(frozen=True, kw_only=True)
class WebhookPage:
    """One page of a list."""

    data: list[Webhook]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery in JSON."""

    attempts: int
    """Attempts so far."""
    body: dict[str, Any]
    """The event."""
    created_at: datetime
    """When it was created."""
    error: str | None = None
    """Why the last attempt failed."""
    event: str
    """The event's name."""
    event_id: str
    """The event's id, which receivers get as `webhook-id`."""
    finished_at: datetime | None = None
    """When it was delivered or given up."""
    id: str
    """Its id."""
    next_attempt_at: datetime | None = None
    """When it is tried again."""
    object: str
    """What this is."""
    response_status: int | None = None
    """The HTTP status of the last answer."""
    status: DeliveryStatus
    """Whether it was delivered."""
    target_url: str
    """The URL it is delivered to."""


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """One page of a list."""

    data: list[Delivery]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert in JSON."""

    action: AlertAction
    """What happens when it fires."""
    created_at: datetime
    """When it was created."""
    id: str
    """Its id."""
    keys: list[str]
    """The ids of the keys that are disabled."""
    last_fired_at: datetime | None = None
    """When it last fired."""
    message_template: str | None = None
    """The message."""
    name: str
    """Its name."""
    namespace: str
    """The namespace's name."""
    notify_emails: list[str]
    """The addresses that get a mail."""
    object: str
    """What this is."""
    threshold_pct: float | None = None
    """The percentage of the window's budget at which it fires."""
    threshold_stddev: float | None = None
    """The standard deviations of an hour's cost at which it fires."""
    webhook_url: str | None = None
    """The URL it is delivered to; Slack's are shortened, because they are secret."""
    window: AlertWindow
    """The time it looks at."""


@dataclass(frozen=True, kw_only=True)
class CreatedAlert(Alert):
    """An alert after it was created or updated."""

    secret: str | None = field(default=None, repr=False)
    """The secret that signs deliveries, if it was generated now: shown this once."""


@dataclass(frozen=True, kw_only=True)
class AlertPage:
    """One page of a list."""

    data: list[Alert]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class UsageEvent:
    """What one key used of one model in one interval."""

    cost_usd: float
    """US dollars."""
    interval_seconds: int
    """Seconds of the interval."""
    key_id: str
    """The key's id."""
    key_name: str
    """The key's name."""
    model: str
    """The model."""
    namespace: str
    """The namespace's name."""
    requests: int
    """Requests."""
    timestamp: datetime
    """The first moment of the interval."""
    total_tokens: int
    """Tokens, input and output."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a group cost."""

    request_count: int
    """Requests in the period."""
    tokens: int
    """Tokens, input and output."""
    total: float
    """US dollars."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Dollars of this UTC month."""

    balance: float | None = None
    """US dollars left this month, or of a prepaid balance, whichever is less; `null` if neither
    limits the caller.
    """
    currency: str
    """Always `USD`."""
    monthly_limit: float | None = None
    """The monthly cap, in US dollars; `null` if none is set."""
    prepaid_balance: float | None = None
    """US dollars left of the prepaid balances above the caller: the namespace's or the
    organization's, whichever is less. Absent if neither is prepaid.
    """
    used: float
    """US dollars that the caller spent this month: its key if that has a cap of its own, else its
    namespace. Nobody else's spending is in it.
    """


@dataclass(frozen=True, kw_only=True)
class UsageGroupSeries:
    """One group."""

    id: str
    """Its id: a name, or the id of a key."""
    name: str
    """What people call it."""
    namespace: str | None = None
    """The namespace of a key."""
    points: list[float]
    """By step."""
    total: float
    """All steps together."""


@dataclass(frozen=True, kw_only=True)
class UsageSeries:
    """What groups used, step by step."""

    end: datetime
    """The first moment after it."""
    group_by: GroupBy
    """The groups."""
    groups: list[UsageGroupSeries]
    """The groups with most in the time, the first one first."""
    metric: Metric
    """What is counted."""
    object: str
    """Always `usage.series`."""
    others: list[float] | None = None
    """What all other groups used, by step. Absent of tags, since a call can have several."""
    start: datetime
    """The first moment it covers."""
    steps: list[str]
    """The first moment of each step."""
    total: list[float]
    """What all used, by step."""


@dataclass(frozen=True, kw_only=True)
class UsageSums:
    """Sums."""

    cache_write_tokens: int
    """Prompt tokens written to a cache."""
    cached_input_tokens: int
    """Prompt tokens read from a cache."""
    cost_usd: float
    """US dollars."""
    input_tokens: int
    """Prompt tokens that came from no cache; 0 of users and tags, whose kinds of tokens are not
    known.
    """
    output_tokens: int
    """Tokens of answers."""
    reasoning_tokens: int
    """Those of them that were reasoning."""
    requests: int
    """Requests."""
    tokens: int
    """Tokens of prompts and answers."""


@dataclass(frozen=True, kw_only=True)
class UsageRow(UsageSums):
    """What a group used."""

    id: str
    """The group's id: a name, or the id of a key."""
    month_spent_usd: float | None = None
    """Of a namespace: US dollars spent this UTC month."""
    monthly_quota_usd: float | None = None
    """Of a namespace: its own hard cap of a month in US dollars; `null` if it has none."""
    name: str
    """What people call it."""
    namespace: str | None = None
    """The namespace of a key."""
    organization: str | None = None
    """The organization of a namespace or a key."""
    previous_cost_usd: float
    """US dollars in as much time right before."""
    projected_month_usd: float | None = None
    """Of a namespace: US dollars by the end of the month, at this month's rate so far."""


@dataclass(frozen=True, kw_only=True)
class UsageTable:
    """What groups used."""

    data: list[UsageRow]
    """The rows of the page."""
    end: datetime
    """The first moment after it."""
    group_by: GroupBy
    """The groups."""
    groups: int
    """How many groups there are."""
    has_more: bool
    """Whether there are more behind this page."""
    object: str
    """Always `usage.table`."""
    previous_cost_usd: float
    """US dollars in as much time right before."""
    start: datetime
    """The first moment it covers."""
    total: UsageSums
    """All groups together, and those on other pages."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call in JSON."""

    cached_input_tokens: int
    """Those of them that were read from a cache."""
    category: str | None = None
    """The category of content it was refused for."""
    cost_usd: float
    """US dollars."""
    duration_ms: int
    """Milliseconds from then to its end."""
    endpoint: str
    """The endpoint's path."""
    estimated: bool
    """Whether the tokens are an estimate."""
    gateway: str
    """The gateway that reported it."""
    id: str
    """Its id in the ledger: that of its usage event."""
    input_tokens: int
    """Prompt tokens, cached ones included."""
    key_id: str
    """The id of the key."""
    key_name: str | None = None
    """The key's name; `null` if it is not known."""
    model: str
    """The model that served it."""
    namespace: str
    """The namespace."""
    object: str
    """Always `request`."""
    organization: str
    """The organization."""
    outcome: str
    """`complete`, `truncated`, `upstream_error` or `refused`."""
    output_tokens: int
    """Tokens of the answer."""
    reasoning_tokens: int
    """Those of them that were reasoning."""
    refusal_code: str | None = None
    """The code it was refused with, such as `budget_exceeded`."""
    refusals: int
    """How many refused calls it stands for; 0 if it was not refused."""
    refused_by: str | None = None
    """The scope that refused it, such as `namespace:research`."""
    request_id: str
    """The request's id at the gateway."""
    requested_model: str
    """The model as the caller wrote it."""
    started_at: datetime
    """When it was admitted or refused."""
    status: int
    """The upstream's HTTP status; of a refusal the gateway's; 0 if none came."""
    stream: bool
    """Whether the answer was a stream."""
    user: str | None = None
    """The end user that it named."""


@dataclass(frozen=True, kw_only=True)
class RequestList:
    """A page of calls."""

    data: list[Request]
    """The calls, the newest first."""
    has_more: bool
    """Whether there may be more: a page looks at 20,000 calls at most, so it can have fewer rows
    than its limit, or none, and another page still have some.
    """
    next_cursor: str | None = None
    """`cursor` for the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """A line of a cost."""

    kind: str
    """The kind of token, such as `cached_input`."""
    tokens: int
    """How many."""
    usd: float | None = None
    """US dollars."""
    usd_per_million: float | None = None
    """US dollars per million of them; `null` if the model has no price now."""


@dataclass(frozen=True, kw_only=True)
class PriceStory:
    """What a cost is made of."""

    is_exact: bool
    """Whether the lines come to the cost. They do not if the price, or what is added in a region,
    is another one now.
    """
    lines: list[PriceLine]
    """One line a kind of token."""
    price_from: datetime | None = None
    """Since when the price was in force that it was charged by; `null` if it always was."""


@dataclass(frozen=True, kw_only=True)
class ScopeCharge:
    """A scope that a call was booked to."""

    from_budget: bool
    """Whether its budget paid: whether the gateway had borrowed of it for the call."""
    refused: bool
    """Whether it refused the call."""
    scope: str
    """Its name, such as `namespace:research`."""


@dataclass(frozen=True, kw_only=True)
class RequestStory(Request):
    """A call, and how it came to its end and to its cost."""

    client_address: str | None = None
    """Where it came from; `null` unless the caller manages the organization."""
    price: PriceStory
    """What its cost is made of."""
    scopes: list[ScopeCharge]
    """The scopes that it was booked to, the nearest first."""
    tier: str | None = None
    """The tier that served it; `null` if the standard one did."""
    tools: dict[str, Any] | None = None
    """How often it used each of the provider's tools."""
    units: dict[str, Any] | None = None
    """How many images, seconds, characters, pages and searches it used."""
    user_agent: str | None = None
    """The client's user agent; `null` unless the caller manages the organization."""
    variant: str | None = None
    """The quality and size of images that it asked for, as `hd:1024x1024`."""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway."""

    id: str
    """Its id: the name of its token, if it has one, and its own."""
    last_seen_at: datetime | None = None
    """When it was last heard of, to within five seconds; `null` if not within a day."""
    leases: int
    """Leases of budgets that it has."""
    lent_usd: float
    """US dollars of these leases."""
    object: str
    """Always `gateway`."""
    protocol: int | None = None
    """The version of the gateways' protocol that it and the service speak; `null` if it was not
    heard of.
    """
    spent_usd: float
    """US dollars of them that are spent."""
    version: str | None = None
    """The version of its filter; `null` if it has not said one."""


@dataclass(frozen=True, kw_only=True)
class GatewayPage:
    """One page of a list."""

    data: list[Gateway]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class RejectedEvent:
    """An event that was not booked. It is kept for a person to look at."""

    error: str
    """What is wrong."""
    event: str
    """The event as it was sent."""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What became of the events."""

    new: int
    """Events booked now."""
    object: str
    """What this is."""
    received: int
    """Events received."""
    rejected: list[RejectedEvent]
    """Events that were not booked: they cannot be read, are implausible, or are not of this
    installation.
    """
    repeated: int
    """Events booked before."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the service is."""

    reason: str | None = None
    """Why it is not ready."""
    status: str
    """`ok`, `ready` or `not ready`."""
    version: str
    """The version that runs."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """An entry, or with `per_key` the sums of a key. It has the fields that were asked for. What
    does not apply to an entry is `null`, but tokens, refusals and costs are 0: so they can be
    summed up.
    """

    action: str | None = None
    """What was done: `model.call`, `model.refused`, `model.correction`, or a change such as
    `key.create`.
    """
    after: dict[str, Any] | None = None
    """What was there after it; of a correction, why it was made and what it corrects."""
    api_key_id: str | None = None
    """The key it was done with; `operator` for the operator's own."""
    attempt: int | None = None
    """Which attempt that was, from 1 on; `null` if its model lists no deployments."""
    audio_input_tokens: int | None = None
    """Input tokens of audio."""
    audio_output_tokens: int | None = None
    """Output tokens of audio."""
    before: dict[str, Any] | None = None
    """What was there before a change."""
    cached_input_tokens: int | None = None
    """Input tokens read from the provider's cache."""
    category: str | None = None
    """The category of a refused call."""
    cost_usd: float | None = None
    """US dollars."""
    end_user: str | None = None
    """The end user that a call names."""
    endpoint: str | None = None
    """The endpoint of a call."""
    estimated: bool | None = None
    """Whether the tokens of a call are an estimate."""
    event_id: str | None = None
    """The event of a call."""
    gateway: str | None = None
    """The gateway that reported a call: the name of its token, if it has one, and its own."""
    image_input_tokens: int | None = None
    """Input tokens of images and video."""
    image_output_tokens: int | None = None
    """Output tokens of images."""
    input_tokens: int | None = None
    """Input tokens, cached ones included."""
    ip_address: str | None = None
    """Where the request came from."""
    key_name: str | None = None
    """That key's name."""
    model: str | None = None
    """The model of a call."""
    organization: str | None = None
    """The organization; `*` is the installation's own."""
    outcome: str | None = None
    """How a call ended."""
    output_tokens: int | None = None
    """Output tokens."""
    price_from: datetime | None = None
    """Since when the price was in force that a call was charged by; `null` if it always was."""
    project: str | None = None
    """The namespace."""
    reasoning_tokens: int | None = None
    """Tokens of reasoning."""
    refusal_code: str | None = None
    """The code a refused call was refused with, such as `budget_exceeded`."""
    refusals: int | None = None
    """How many refused calls the entry stands for; 0 if none."""
    refused_by: str | None = None
    """The scope that refused it, such as `namespace:research`."""
    request_id: str | None = None
    """The request."""
    requests: int | None = None
    """With `per_key`: requests."""
    resource_id: str | None = None
    """Which one."""
    resource_type: str | None = None
    """The kind of thing it was done to."""
    sequence: int | None = None
    """The number of the segment in its chain."""
    status: int | None = None
    """The status of a call."""
    tier: str | None = None
    """The tier that served a call; `null` if the standard one did."""
    timestamp: datetime | None = None
    """When it happened."""
    tools: dict[str, Any] | None = None
    """How often a call used each of the provider's tools."""
    units: dict[str, Any] | None = None
    """How many images, seconds, characters, pages and searches a call used."""
    upstream: str | None = None
    """The upstream that served a call, or failed last; `null` if its model lists no deployments."""
    user_agent: str | None = None
    """The client's user agent."""
    user_email: str | None = None
    """The e-mail address of the member that the key belongs to; if it belongs to none, the end
    user that the call names.
    """
    variant: str | None = None
    """The quality and size of images that a call asked for."""


@dataclass(frozen=True, kw_only=True)
class AuditList:
    """A page of the audit."""

    aggregation: str | None = None
    """With `per_key`."""
    data: list[AuditEntry]
    """The entries."""
    has_more: bool
    """Whether there is another page."""
    next_cursor: str | None
    """`cursor` for the next page."""
    object: str
    """What this is."""


@dataclass(frozen=True, kw_only=True)
class AuditProblem:
    """What is wrong with one chain."""

    message: str
    """In words."""
    sequence: int
    """The segment it was seen at."""


@dataclass(frozen=True, kw_only=True)
class AuditChain:
    """What was found of one chain."""

    anchor_sequence: int
    """The number of the newest segment dropped by retention; 0 if there is none."""
    entries: int
    """How many entries they have."""
    head_hash: str
    """Its hash: to be noted elsewhere."""
    head_sequence: int
    """The number of the newest segment."""
    organization: str
    """Whose chain; `*` is the installation's own."""
    problem_count: int
    """How many problems there are."""
    problems: list[AuditProblem]
    """The first problems."""
    segments: int
    """How many segments were looked at."""
    valid: bool
    """Whether nothing is wrong."""


@dataclass(frozen=True, kw_only=True)
class AuditVerification:
    """The result for every chain."""

    chains: list[AuditChain]
    """One report for each chain."""
    entries: int
    """How many entries they have."""
    object: str
    """What this is."""
    problem_count: int
    """How many problems there are."""
    segments: int
    """How many segments were verified."""
    valid: bool
    """Whether nothing is wrong."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correction in JSON."""

    amount_usd: float
    """US dollars: charged if above 0, given back if below."""
    applies_at: datetime
    """Whose budgets and balances it moves: those of when the call started, or of when it was
    created.
    """
    author: str
    """Who created it."""
    created_at: datetime
    """When it was created: the day it is reported on."""
    end_user: str | None = None
    """The end user of the call that it corrects."""
    event_id: str | None = None
    """The call that it corrects, if it is about one."""
    id: str
    """Its id: the `event_id` of its entry in the audit."""
    key_id: str | None = None
    """The id of the key, if it is about one."""
    model: str | None = None
    """The model, if it is about one."""
    namespace: str
    """The namespace."""
    object: str
    """What this is."""
    organization: str
    """Its organization."""
    reason: str
    """Why."""
    reference: str
    """The caller's name for it."""


@dataclass(frozen=True, kw_only=True)
class CorrectionPage:
    """One page of a list."""

    data: list[Correction]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """Every model, and the aliases of models."""

    aliases: dict[str, str]
    """Other names of models."""
    currency: str
    """Always `USD`."""
    data: list[Price]
    """The rows."""
    object: str
    """What this is."""


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Another name of a model."""

    alias: str
    """The alias, in lower case. With a `*` at its end it stands for all names that begin with what
    is before it.
    """
    model: str
    """The model's own name."""
    object: str
    """What this is."""


@dataclass(frozen=True, kw_only=True)
class AliasPage:
    """One page of a list."""

    data: list[Alias]
    """The rows."""
    first_id: str | None = None
    """The id of the first row."""
    has_more: bool
    """Whether there is another page."""
    last_id: str | None = None
    """The id of the last row: `after` of the next page."""
    object: str
    """Always `list`."""
