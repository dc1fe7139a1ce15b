# Written by `make python-client` from src/server/openapi.json: edit that.
"""The calls of the API, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from paddock_client._call import OMIT, Call, Omit, new_idempotency_key, segment
from paddock_client._decode import decode
from paddock_client._sync.events import Events
from paddock_client._sync.pages import Pages
from paddock_client._sync.report import Report
from paddock_client._sync.transport import Transport
from paddock_client.inputs import (
    CoversInput,
    DeploymentInput,
    FormatPathsInput,
    MediaTokensViewInput,
    PriceStepInput,
    PriceTierInput,
    RoutingRuleInput,
)
from paddock_client.models import (
    Alert,
    AlertAction,
    AlertPage,
    AlertWindow,
    Alias,
    AliasPage,
    AuditEntry,
    AuditList,
    AuditVerification,
    AutoRefill,
    Balance,
    Budget,
    BudgetPage,
    ContentMode,
    Correction,
    CorrectionPage,
    Cost,
    CreatedAlert,
    CreatedKey,
    CreatedWebhook,
    Credit,
    CreditKind,
    CreditList,
    Deleted,
    DeletedDocument,
    DeletedMember,
    DeletedNamespace,
    Delivery,
    DeliveryPage,
    DeliveryStatus,
    EndpointScope,
    FailureMode,
    Gateway,
    GatewayPage,
    GetCostAttributionBreakdown,
    GetCostAttributionGroupBy,
    GetKeyUsageGranularity,
    GetUsageSeriesGranularity,
    GetUsageTableFormat,
    GetUsageTableSort,
    GroupBy,
    Health,
    Identity,
    Key,
    KeyLimits,
    KeyPage,
    KeyStatus,
    KeyUsage,
    LimitKind,
    ListAuditAggregation,
    ListAuditFormat,
    ListAuditOrder,
    ListRequestsOutcome,
    Member,
    MemberPage,
    Metric,
    Namespace,
    NamespacePage,
    NamespaceUsage,
    Organization,
    OrganizationPage,
    OutputLimitField,
    Price,
    PriceList,
    Priority,
    Quota,
    Reconciled,
    ReferencePolicy,
    Request,
    RequestList,
    RequestStory,
    Reservation,
    ReservationPage,
    Role,
    RoleRights,
    RoleRightsPage,
    RotatedKey,
    Routing,
    RoutingResolution,
    Settings,
    StreamUsageGranularity,
    TeamUsage,
    ThrottleMode,
    UnknownPrice,
    UsageEvent,
    UsageRow,
    UsageSeries,
    UsageTable,
    UserQuota,
    UserQuotaPage,
    Webhook,
    WebhookEvent,
    WebhookPage,
)


class TeamsCalls:
    """Teams, which the API calls namespaces: limits, settings, temporary quotas, usage."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        name: str,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        enabled: bool | None | Omit = OMIT,
        failure_mode: FailureMode | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        organization: str | None | Omit = OMIT,
        prepaid: bool | None | Omit = OMIT,
        priority: Priority | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        time_zone: str | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
        unknown_price: UnknownPrice | None | Omit = OMIT,
        user_monthly_quota_usd: float | None | Omit = OMIT,
        weight: int | None | Omit = OMIT,
    ) -> Namespace:
        """Creates a namespace.

        If the operator names an organization that does not exist, it is created too. The name
        stays the organization's, also when the namespace is deleted: no other organization can
        have it. An organization has no more namespaces than its `max_namespaces`.

        Args:
            name: Its identity, which never changes. Also accepted as `namespace`, and as that one's synonyms.
            allowed_models: The models it may use, names or aliases; all of them by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            enabled: Whether its keys are accepted.
            failure_mode: What happens to requests while the service does not answer. An organization's admin may set it back to `closed`.
            max_concurrency: Requests in flight at once.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            organization: The organization it belongs to; the caller's own by default. If the operator names a new one for a new namespace, it is created. The operator may move a namespace to another organization that exists. An organization's admin makes namespaces in its own organization, where they stay.
            prepaid: Whether the balance of its account is a cap; `true` opens an account.
            priority: Which requests go first if several wait. An organization's admin sets it up to the organization's `max_priority`.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default. An organization's admin may have a limit enforced again.
            tags: Labels.
            time_zone: The IANA time zone whose days and months the quotas of the namespace, its keys and its users are of; the organization's by default.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
            unknown_price: Whether models without a price are refused, which is the default, or free. An organization's admin may set it to what refuses or charges more.
            user_monthly_quota_usd: Hard cap of a month for each end user that has none of their own, in US dollars.
            weight: Its share of an upstream's limit, beside others of its priority; 1 by default. An organization's admin may lower it.
        """
        return decode(
            Namespace,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/namespaces",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "daily_quota_usd": daily_quota_usd,
                        "enabled": enabled,
                        "failure_mode": failure_mode,
                        "max_concurrency": max_concurrency,
                        "monthly_quota_usd": monthly_quota_usd,
                        "name": name,
                        "organization": organization,
                        "prepaid": prepaid,
                        "priority": priority,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "time_zone": time_zone,
                        "tokens_per_minute": tokens_per_minute,
                        "unknown_price": unknown_price,
                        "user_monthly_quota_usd": user_monthly_quota_usd,
                        "weight": weight,
                    },
                )
            ),
        )

    def list(self, *, limit: int | Omit = OMIT) -> Pages[Namespace, NamespacePage]:
        """Lists namespaces.

        To an admin those within its reach, by name; to any other caller, its own.

        Args:
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call("GET", "/v1/namespaces", query={"limit": limit}, repeatable=True),
            NamespacePage,
            "after",
        )

    def get(self, name: str) -> Namespace:
        """Shows a namespace.

        To admins, and to the holders of the namespace's keys.

        Args:
            name: The namespace's name.
        """
        return decode(
            Namespace,
            self._transport.json(Call("GET", f"/v1/namespaces/{segment(name)}", repeatable=True)),
        )

    def update(
        self,
        name: str,
        *,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        enabled: bool | None | Omit = OMIT,
        failure_mode: FailureMode | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        organization: str | None | Omit = OMIT,
        prepaid: bool | None | Omit = OMIT,
        priority: Priority | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        time_zone: str | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
        unknown_price: UnknownPrice | None | Omit = OMIT,
        user_monthly_quota_usd: float | None | Omit = OMIT,
        weight: int | None | Omit = OMIT,
    ) -> Namespace:
        """Updates a namespace.

        Its keys keep their own limits; the namespace's hold beside them. The operator may move
        it to another organization: with its keys, members and balance, within that
        organization's limits. What was used before stays the organization's that it was of, in
        every report and bill.

        Args:
            name: The namespace's name.
            allowed_models: The models it may use, names or aliases; all of them by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            enabled: Whether its keys are accepted.
            failure_mode: What happens to requests while the service does not answer. An organization's admin may set it back to `closed`.
            max_concurrency: Requests in flight at once.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            organization: The organization it belongs to; the caller's own by default. If the operator names a new one for a new namespace, it is created. The operator may move a namespace to another organization that exists. An organization's admin makes namespaces in its own organization, where they stay.
            prepaid: Whether the balance of its account is a cap; `true` opens an account.
            priority: Which requests go first if several wait. An organization's admin sets it up to the organization's `max_priority`.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default. An organization's admin may have a limit enforced again.
            tags: Labels.
            time_zone: The IANA time zone whose days and months the quotas of the namespace, its keys and its users are of; the organization's by default.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
            unknown_price: Whether models without a price are refused, which is the default, or free. An organization's admin may set it to what refuses or charges more.
            user_monthly_quota_usd: Hard cap of a month for each end user that has none of their own, in US dollars.
            weight: Its share of an upstream's limit, beside others of its priority; 1 by default. An organization's admin may lower it.
        """
        return decode(
            Namespace,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/namespaces/{segment(name)}",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "daily_quota_usd": daily_quota_usd,
                        "enabled": enabled,
                        "failure_mode": failure_mode,
                        "max_concurrency": max_concurrency,
                        "monthly_quota_usd": monthly_quota_usd,
                        "organization": organization,
                        "prepaid": prepaid,
                        "priority": priority,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "time_zone": time_zone,
                        "tokens_per_minute": tokens_per_minute,
                        "unknown_price": unknown_price,
                        "user_monthly_quota_usd": user_monthly_quota_usd,
                        "weight": weight,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, name: str) -> DeletedNamespace:
        """Deletes a namespace with its keys.

        All end at once. The name stays the organization's. What was used stays in the ledger,
        and counts again if the organization creates a namespace of the same name. What its
        account has left is lost.

        Args:
            name: The namespace's name.
        """
        return decode(
            DeletedNamespace,
            self._transport.json(Call("DELETE", f"/v1/namespaces/{segment(name)}")),
        )

    def usage(self, namespace: str, *, period: str | Omit = OMIT) -> NamespaceUsage:
        """Shows the usage of a namespace.

        To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
            period: `current_month` (the default), `all`, or the last days: `7d`, up to `3660d`.
        """
        return decode(
            NamespaceUsage,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/namespaces/{segment(namespace)}/usage",
                    query={"period": period},
                    repeatable=True,
                )
            ),
        )

    def usage_by_user(
        self, *, namespace: str | Omit = OMIT, period: str | Omit = OMIT
    ) -> TeamUsage:
        """Shows the usage of a team by user, key and model.

        To every key, that of its own namespace; to admins and the operator, that of the one
        they name. Whole UTC days, today included.

        Args:
            namespace: The namespace; the caller's own by default. Also accepted as `team`, `team_id` and `project`.
            period: `current_month`, `previous_month`, `all`, or the last days, today included: `30d` (the default).
        """
        return decode(
            TeamUsage,
            self._transport.json(
                Call(
                    "GET",
                    "/v1/team/usage",
                    query={"namespace": namespace, "period": period},
                    repeatable=True,
                )
            ),
        )

    def get_settings(self, namespace: str) -> Settings:
        """Shows the settings of a namespace.

        To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            Settings,
            self._transport.json(
                Call("GET", f"/v1/namespaces/{segment(namespace)}/settings", repeatable=True)
            ),
        )

    def update_settings(
        self,
        namespace: str,
        *,
        allowed_categories: Sequence[str] | None | Omit = OMIT,
        allowed_regions: Sequence[str] | None | Omit = OMIT,
        auto_throttle_at_percent: int | None | Omit = OMIT,
        content_policy_mode: ContentMode | None | Omit = OMIT,
        failure_mode: FailureMode | None | Omit = OMIT,
        fallback_model: str | None | Omit = OMIT,
        max_queue_size: int | None | Omit = OMIT,
        preferred_regions: Sequence[str] | None | Omit = OMIT,
        queue_timeout_seconds: int | None | Omit = OMIT,
        references: ReferencePolicy | None | Omit = OMIT,
        throttle_factor: float | None | Omit = OMIT,
        throttle_mode: ThrottleMode | None | Omit = OMIT,
        unknown_price: UnknownPrice | None | Omit = OMIT,
    ) -> Settings:
        """Updates the settings of a namespace.

        What is sent changes, what is `null` becomes the default, the rest stays.

        Args:
            namespace: The namespace's name.
            allowed_categories: Categories of that policy that are allowed here.
            allowed_regions: The regions of deployments that may serve it; any by default. Then a model that is served in none of them, or in no region that is known, is refused. An organization's admin may leave out some.
            auto_throttle_at_percent: The percentage of its budget at which throttling begins; never by default.
            content_policy_mode: How strictly prompts are held to the operator's content policy.
            failure_mode: What happens to requests while the service does not answer. An organization's admin may set it back to `closed`.
            fallback_model: The model that serves redirected requests: it has a price, and the namespace may use it.
            max_queue_size: Requests that wait at most.
            preferred_regions: The regions of deployments that are tried first.
            queue_timeout_seconds: Seconds that a request waits at most.
            references: Whether a request may refer to what is not in its body: what is stored, or media by URL.
            throttle_factor: The share of its rates that is left while it is throttled; 0.5 by default.
            throttle_mode: What happens to the requests over the throttled rate.
            unknown_price: What happens to a request for a model, tier, region or tool without a price. An organization's admin may set it to what refuses or charges more.
        """
        return decode(
            Settings,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/namespaces/{segment(namespace)}/settings",
                    body={
                        "allowed_categories": allowed_categories,
                        "allowed_regions": allowed_regions,
                        "auto_throttle_at_percent": auto_throttle_at_percent,
                        "content_policy_mode": content_policy_mode,
                        "failure_mode": failure_mode,
                        "fallback_model": fallback_model,
                        "max_queue_size": max_queue_size,
                        "preferred_regions": preferred_regions,
                        "queue_timeout_seconds": queue_timeout_seconds,
                        "references": references,
                        "throttle_factor": throttle_factor,
                        "throttle_mode": throttle_mode,
                        "unknown_price": unknown_price,
                    },
                    repeatable=True,
                )
            ),
        )

    def get_quota(self, namespace: str) -> Quota:
        """Shows the quotas of a namespace.

        To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            Quota,
            self._transport.json(
                Call("GET", f"/v1/namespaces/{segment(namespace)}/quota", repeatable=True)
            ),
        )

    def override_quota(
        self,
        namespace: str,
        *,
        override_expires_at: str | datetime,
        quota_override_reason: str,
        daily_quota_usd: float | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
    ) -> Quota:
        """Overrides the quotas of a namespace until a moment.

        Then they revert. A second override replaces the first; the quotas revert to those
        before the first.

        Args:
            namespace: The namespace's name.
            override_expires_at: When the quotas revert: in the next 366 days.
            quota_override_reason: The reason, for the audit.
            daily_quota_usd: Hard cap of a UTC day, in US dollars.
            monthly_quota_usd: Hard cap of a UTC calendar month, in US dollars.
        """
        return decode(
            Quota,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/namespaces/{segment(namespace)}/quota",
                    body={
                        "daily_quota_usd": daily_quota_usd,
                        "monthly_quota_usd": monthly_quota_usd,
                        "override_expires_at": override_expires_at,
                        "quota_override_reason": quota_override_reason,
                    },
                    repeatable=True,
                )
            ),
        )


class UsersCalls:
    """Caps for the end users of a namespace."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_quotas(
        self, *, namespace: str | Omit = OMIT, limit: int | Omit = OMIT
    ) -> Pages[UserQuota, UserQuotaPage]:
        """Lists the end users that have caps of their own.

        Args:
            namespace: The namespace; the caller's own by default. Also accepted as `team`, `team_id` and `project`.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/team/quotas",
                query={"namespace": namespace, "limit": limit},
                repeatable=True,
            ),
            UserQuotaPage,
            "after",
        )

    def set_quota(
        self, *, monthly_limit_usd: float | None, user_id: str, namespace: str | None | Omit = OMIT
    ) -> UserQuota:
        """Caps an end user.

        `null` removes their own cap: the namespace's for everybody is in force again.

        Args:
            monthly_limit_usd: Hard cap of a UTC calendar month, in US dollars. `null` removes the user's own cap.
            user_id: The end user, as requests name them.
            namespace: The namespace; the caller's own by default. The operator has to name one.
        """
        return decode(
            UserQuota,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/team/quotas",
                    body={
                        "monthly_limit_usd": monthly_limit_usd,
                        "namespace": namespace,
                        "user_id": user_id,
                    },
                    repeatable=True,
                )
            ),
        )


class ApiKeysCalls:
    """API keys and their limits."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        name: str,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        content_policy_mode: ContentMode | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        enabled: bool | None | Omit = OMIT,
        environment: str | None | Omit = OMIT,
        expires_in: int | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        namespace: str | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        role: Role | None | Omit = OMIT,
        scopes: Sequence[EndpointScope] | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
        user_id: str | None | Omit = OMIT,
    ) -> CreatedKey:
        """Creates a key.

        If no namespace is named, one is created for it, so that no other key shares its limits.
        The secret is shown this once. An admin makes no key that may do more than their own
        role may in their organization.

        Args:
            name: Unique in its namespace. Required for a new key.
            allowed_models: The models it may use, names or aliases; the namespace's by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            content_policy_mode: How strictly its prompts are judged; as the namespace's by default.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            enabled: Whether it is accepted.
            environment: What it is used in, such as `production`.
            expires_in: Days until it expires; `null` is never, which is the default.
            max_concurrency: Requests in flight at once.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            namespace: The namespace its usage is booked to, which never changes. A new key without one gets a namespace of its own name.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            role: `developer` by default, or the member's role if that is narrower.
            scopes: The endpoints it may use; all of its role's by default.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default.
            tags: Labels.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
            user_id: The member of the namespace it belongs to, which never changes. Requires `namespace`.
        """
        return decode(
            CreatedKey,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/keys",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "content_policy_mode": content_policy_mode,
                        "daily_quota_usd": daily_quota_usd,
                        "enabled": enabled,
                        "environment": environment,
                        "expires_in": expires_in,
                        "max_concurrency": max_concurrency,
                        "monthly_quota_usd": monthly_quota_usd,
                        "name": name,
                        "namespace": namespace,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "role": role,
                        "scopes": scopes,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "tokens_per_minute": tokens_per_minute,
                        "user_id": user_id,
                    },
                )
            ),
        )

    def list(
        self,
        *,
        namespace: str | Omit = OMIT,
        q: str | Omit = OMIT,
        enabled: bool | Omit = OMIT,
        limit: int | Omit = OMIT,
    ) -> Pages[Key, KeyPage]:
        """Lists keys.

        An admin sees those within its reach, oldest first; any other caller sees its own.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            q: Only keys whose name or id has this in it, whatever the case.
            enabled: Only keys that are enabled, or only those that are not.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/keys",
                query={"namespace": namespace, "q": q, "enabled": enabled, "limit": limit},
                repeatable=True,
            ),
            KeyPage,
            "after",
        )

    def get(self, id: str) -> Key:
        """Shows a key.

        To admins, and to the key's holder.

        Args:
            id: The key's id.
        """
        return decode(
            Key, self._transport.json(Call("GET", f"/v1/keys/{segment(id)}", repeatable=True))
        )

    def update(
        self,
        id: str,
        *,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        content_policy_mode: ContentMode | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        enabled: bool | None | Omit = OMIT,
        environment: str | None | Omit = OMIT,
        expires_in: int | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        name: str | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        role: Role | None | Omit = OMIT,
        scopes: Sequence[EndpointScope] | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
    ) -> Key:
        """Updates a key.

        Its namespace stays: what it spent is booked there. To change its role, scopes or
        expiry, to enable it or to let it use or spend more needs what making such a key needs
        (`can_create_api_keys`; of a member's key, a new role needs `can_manage_users` too), and
        it may then do no more than its maker's role may in the organization.

        Args:
            id: The key's id.
            allowed_models: The models it may use, names or aliases; the namespace's by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            content_policy_mode: How strictly its prompts are judged; as the namespace's by default.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            enabled: Whether it is accepted.
            environment: What it is used in, such as `production`.
            expires_in: Days until it expires; `null` is never, which is the default.
            max_concurrency: Requests in flight at once.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            name: Unique in its namespace. Required for a new key.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            role: `developer` by default, or the member's role if that is narrower.
            scopes: The endpoints it may use; all of its role's by default.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default.
            tags: Labels.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
        """
        return decode(
            Key,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/keys/{segment(id)}",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "content_policy_mode": content_policy_mode,
                        "daily_quota_usd": daily_quota_usd,
                        "enabled": enabled,
                        "environment": environment,
                        "expires_in": expires_in,
                        "max_concurrency": max_concurrency,
                        "monthly_quota_usd": monthly_quota_usd,
                        "name": name,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "role": role,
                        "scopes": scopes,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "tokens_per_minute": tokens_per_minute,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, id: str) -> Deleted:
        """Deletes a key.

        It ends at once. Its namespace stays, and what it used stays in the ledger.

        Args:
            id: The key's id.
        """
        return decode(Deleted, self._transport.json(Call("DELETE", f"/v1/keys/{segment(id)}")))

    def disable(self, id: str) -> Key:
        """Disables a key.

        Requests with it are refused from now on. It can be enabled again.

        Args:
            id: The key's id.
        """
        return decode(
            Key,
            self._transport.json(Call("POST", f"/v1/keys/{segment(id)}/disable", repeatable=True)),
        )

    def enable(self, id: str) -> Key:
        """Enables a key.

        Requests with it are accepted again. It needs what making such a key needs.

        Args:
            id: The key's id.
        """
        return decode(
            Key,
            self._transport.json(Call("POST", f"/v1/keys/{segment(id)}/enable", repeatable=True)),
        )

    def get_limits(self, id: str) -> KeyLimits:
        """Shows the limits of a key.

        Those in force: what the key does not set is its namespace's.

        Args:
            id: The key's id.
        """
        return decode(
            KeyLimits,
            self._transport.json(Call("GET", f"/v1/keys/{segment(id)}/limits", repeatable=True)),
        )

    def update_limits(
        self,
        id: str,
        *,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
    ) -> KeyLimits:
        """Updates the rates and the concurrency of a key.

        What is sent changes; what is `null` becomes the namespace's.

        Args:
            id: The key's id.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that.
            max_concurrency: Requests in flight at once.
            rate_limit_per_minute: Requests a minute.
            tokens_per_minute: Tokens a minute, input and output.
        """
        return decode(
            KeyLimits,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/keys/{segment(id)}/limits",
                    body={
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "max_concurrency": max_concurrency,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "tokens_per_minute": tokens_per_minute,
                    },
                    repeatable=True,
                )
            ),
        )

    def rotate(self, id: str, *, expires_in: int | None | Omit = OMIT) -> RotatedKey:
        """Rotates the secret of a key.

        The new secret is the primary. The old one works as the secondary until it expires,
        after `expires_in` days at most; with 0 there is no secondary, and gateways refuse the
        old one within two seconds. A secondary of an earlier rotation ends now. If the old
        secret had an expiry, the new one expires after `expires_in` days, or after 90 if that
        is 0; otherwise it never does. An admin rotates no key that may do more than their own
        role may in their organization.

        Args:
            id: The key's id.
            expires_in: Days that the old secret keeps working; 90 by default, and 0 ends it now.
        """
        return decode(
            RotatedKey,
            self._transport.json(
                Call("POST", f"/v1/keys/{segment(id)}/rotate", body={"expires_in": expires_in})
            ),
        )

    def revoke_secondary(self, id: str) -> Key:
        """Revokes the old secret of a rotated key.

        The new secret stays. Gateways refuse the old one within two seconds. A key without an
        old secret is left as it is.

        Args:
            id: The key's id.
        """
        return decode(
            Key,
            self._transport.json(Call("POST", f"/v1/keys/{segment(id)}/revoke-secondary")),
        )

    def whoami(self) -> Identity:
        """Shows who the caller is, what it may do and what it has left.

        To any key, about itself. Only limits that are set are listed: where there is none,
        nothing is limited.
        """
        return decode(Identity, self._transport.json(Call("GET", "/v1/whoami", repeatable=True)))

    def status(self, id: str) -> KeyStatus:
        """Shows the status of a key.

        To admins, and to the key's holder: what it spent of its budget and used of its rates.
        It is throttled if its namespace is, or if a rate has reached its limit in this minute.

        Args:
            id: The key's id.
        """
        return decode(
            KeyStatus,
            self._transport.json(Call("GET", f"/v1/keys/{segment(id)}/status", repeatable=True)),
        )

    def usage(
        self,
        id: str,
        *,
        period: str | Omit = OMIT,
        granularity: GetKeyUsageGranularity | Omit = OMIT,
    ) -> KeyUsage:
        """Shows the usage of a key.

        To admins, and to the key's holder. The period begins with a whole hour (up to seven
        days) or day.

        Args:
            id: The key's id.
            period: `current_month`, `all`, or the last days: `7d` (the default), up to `3660d`.
            granularity: The steps of `series`, at most 10,000. By default an hour for up to seven days, a day beyond.
        """
        return decode(
            KeyUsage,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/keys/{segment(id)}/usage",
                    query={"period": period, "granularity": granularity},
                    repeatable=True,
                )
            ),
        )


class RoutingCalls:
    """Which model serves requests for `auto`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, namespace: str) -> Routing:
        """Shows the routing of a namespace.

        Where requests for the model `auto` go. To admins, and to the holders of the namespace's
        keys.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            Routing,
            self._transport.json(
                Call("GET", f"/v1/namespaces/{segment(namespace)}/routing", repeatable=True)
            ),
        )

    def set(
        self,
        namespace: str,
        *,
        fallback_model: str | None | Omit = OMIT,
        name: str | None | Omit = OMIT,
        rules: Sequence[RoutingRuleInput] | None | Omit = OMIT,
    ) -> Routing:
        """Sets the routing of a namespace.

        Replaces the whole routing. In force at every gateway within two seconds.

        Args:
            namespace: The namespace's name.
            fallback_model: The model that serves requests that no rule matches, or whose rule has no model that can.
            name: What its author calls it: visible ASCII and blanks; `default` by default.
            rules: In order.
        """
        return decode(
            Routing,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/namespaces/{segment(namespace)}/routing",
                    body={"fallback_model": fallback_model, "name": name, "rules": rules},
                    repeatable=True,
                )
            ),
        )

    def delete(self, namespace: str) -> DeletedDocument:
        """Deletes the routing of a namespace.

        Requests for `auto` are refused again.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            DeletedDocument,
            self._transport.json(Call("DELETE", f"/v1/namespaces/{segment(namespace)}/routing")),
        )

    def resolve(
        self,
        namespace: str,
        *,
        request: Mapping[str, object],
        endpoint: str | Omit = OMIT,
        priority: str | Omit = OMIT,
        batch_mode: str | Omit = OMIT,
        capability: str | Omit = OMIT,
    ) -> RoutingResolution:
        """Resolves a model request without sending it.

        Which model would serve it, and what that would cost at most. To admins, and to the
        holders of the namespace's keys; for these it chooses only among the models that they
        may use.

        Args:
            namespace: The namespace's name.
            request: A request as it would be sent; without `model` it asks for `auto`.
            endpoint: The path of its endpoint, such as `/v1/messages`; by default, the body's fields decide.
            priority: As of a model request.
            batch_mode: As of a model request.
            capability: As of a model request.
        """
        return decode(
            RoutingResolution,
            self._transport.json(
                Call(
                    "POST",
                    f"/v1/namespaces/{segment(namespace)}/routing/resolve",
                    query={"endpoint": endpoint},
                    headers={
                        "x-priority": priority,
                        "x-batch-mode": batch_mode,
                        "x-capability": capability,
                    },
                    body=request,
                    repeatable=True,
                )
            ),
        )


class ReservationsCalls:
    """Money of a namespace that is set aside for requests that name the reservation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        namespace: str,
        *,
        estimated_cost_usd: float,
        reservation_id: str | None = None,
        ttl_seconds: int | None | Omit = OMIT,
    ) -> Reservation:
        """Reserves money for the requests that name the reservation.

        While it is open, the same id answers the same reservation; after its end it creates a
        new one.

        Args:
            namespace: The namespace's name.
            estimated_cost_usd: US dollars.
            reservation_id: What requests send as `X-Reservation-Id`: printable ASCII without blanks. A random one by default.
            ttl_seconds: Seconds until it expires; 3600 by default.
        """
        return decode(
            Reservation,
            self._transport.json(
                Call(
                    "POST",
                    f"/v1/namespaces/{segment(namespace)}/reserve",
                    body={
                        "estimated_cost_usd": estimated_cost_usd,
                        "reservation_id": reservation_id or new_idempotency_key(),
                        "ttl_seconds": ttl_seconds,
                    },
                    repeatable=True,
                )
            ),
        )

    def list(
        self, namespace: str, *, limit: int | Omit = OMIT
    ) -> Pages[Reservation, ReservationPage]:
        """Lists the open reservations of a namespace.

        By id. To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                f"/v1/namespaces/{segment(namespace)}/reservations",
                query={"limit": limit},
                repeatable=True,
            ),
            ReservationPage,
            "after",
        )

    def get(self, namespace: str, id: str) -> Reservation:
        """Shows a reservation.

        The newest one of that id. To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
            id: The id; of an alert, its name too.
        """
        return decode(
            Reservation,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/namespaces/{segment(namespace)}/reservations/{segment(id)}",
                    repeatable=True,
                )
            ),
        )

    def release(self, namespace: str, id: str) -> Reservation:
        """Releases a reservation before it expires.

        What is not spent goes back to the namespace; what gateways hold of it, as soon as they
        return it. A reservation that has ended stays as it is.

        Args:
            namespace: The namespace's name.
            id: The id; of an alert, its name too.
        """
        return decode(
            Reservation,
            self._transport.json(
                Call("DELETE", f"/v1/namespaces/{segment(namespace)}/reservations/{segment(id)}")
            ),
        )


class CreditsCalls:
    """Prepaid balances, payments and automatic refills."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        kind: CreditKind,
        amount: float | None | Omit = OMIT,
        amount_usd: float | None | Omit = OMIT,
        currency: str | None | Omit = OMIT,
        namespace: str | None | Omit = OMIT,
        organization: str | None | Omit = OMIT,
        reference: str | None = None,
    ) -> Credit:
        """Pays into a prepaid balance.

        Of a namespace, or of an organization. The first entry makes it prepaid. The same
        reference again answers the same entry. An organization's admin divides the
        organization's money among its namespaces, as with quotas; only the operator pays into
        an organization.

        Args:
            kind: Why it is paid in.
            amount: Instead of `amount_usd`: an amount of `currency`.
            amount_usd: US dollars. Not 0; negative only for an `adjustment`.
            currency: A currency whose rate the operator has configured.
            namespace: The namespace whose account it is.
            organization: The organization whose account it is, if it is not a namespace's.
            reference: The caller's name for the entry, unique in an organization: the same reference again is the same entry. A random one by default.
        """
        return decode(
            Credit,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/credits",
                    body={
                        "amount": amount,
                        "amount_usd": amount_usd,
                        "currency": currency,
                        "kind": kind,
                        "namespace": namespace,
                        "organization": organization,
                        "reference": reference or new_idempotency_key(),
                    },
                    repeatable=True,
                )
            ),
        )

    def list(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        currency: str | Omit = OMIT,
        limit: int | Omit = OMIT,
    ) -> Pages[Credit, CreditList]:
        """Shows a prepaid balance and its entries.

        The newest entry first. To admins, and to holders of a namespace's keys about that
        namespace.

        Args:
            namespace: The namespace whose account it is; by default the caller's own. Also accepted as `team`, `team_id` and `project`.
            organization: The organization whose account it is, if it is not a namespace's.
            currency: The currency of `balance`; `USD` by default.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/credits",
                query={
                    "namespace": namespace,
                    "organization": organization,
                    "currency": currency,
                    "limit": limit,
                },
                repeatable=True,
            ),
            CreditList,
            "after",
        )

    def get_auto_refill(self, namespace: str) -> AutoRefill:
        """Shows the auto-refill of a namespace.

        To admins, and to the holders of the namespace's keys.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            AutoRefill,
            self._transport.json(
                Call("GET", f"/v1/namespaces/{segment(namespace)}/auto-refill", repeatable=True)
            ),
        )

    def set_auto_refill(
        self, namespace: str, *, amount_usd: float, at_most_per_month_usd: float, below_usd: float
    ) -> AutoRefill:
        """Sets the auto-refill of a namespace.

        From the next call on, a low balance is refilled. The namespace must be prepaid for this
        to act.

        Args:
            namespace: The namespace's name.
            amount_usd: US dollars of one refill.
            at_most_per_month_usd: US dollars of all refills in a UTC calendar month, at most: at least `amount_usd`.
            below_usd: A balance below this is low, in US dollars.
        """
        return decode(
            AutoRefill,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/namespaces/{segment(namespace)}/auto-refill",
                    body={
                        "amount_usd": amount_usd,
                        "at_most_per_month_usd": at_most_per_month_usd,
                        "below_usd": below_usd,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete_auto_refill(self, namespace: str) -> DeletedDocument:
        """Deletes the auto-refill of a namespace.

        A low balance is not refilled any more.

        Args:
            namespace: The namespace's name.
        """
        return decode(
            DeletedDocument,
            self._transport.json(
                Call("DELETE", f"/v1/namespaces/{segment(namespace)}/auto-refill")
            ),
        )


class OrganizationsCalls:
    """Organizations, which own namespaces."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        name: str,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        max_keys: int | None | Omit = OMIT,
        max_members: int | None | Omit = OMIT,
        max_namespaces: int | None | Omit = OMIT,
        max_priority: Priority | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        prepaid: bool | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        time_zone: str | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
    ) -> Organization:
        """Creates an organization.

        Only the operator may: nothing is above an organization.

        Args:
            name: Its name and id, which never changes. Also accepted as `organization`.
            allowed_models: The models that its namespaces may use, names or aliases; all of them by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            max_concurrency: Requests in flight at once.
            max_keys: How many keys all its namespaces may have, disabled ones too; as many as come by default.
            max_members: How many members all its namespaces may have; as many as come by default.
            max_namespaces: How many namespaces it may have; as many as come by default.
            max_priority: The highest priority that its admins may give a namespace; `standard` by default.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            prepaid: Whether the balance of its own account caps what it spends; `true` opens an account.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default.
            tags: Labels.
            time_zone: The IANA time zone whose days and months its quotas are of, and those of its namespaces that name none; UTC by default.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
        """
        return decode(
            Organization,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/organizations",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "daily_quota_usd": daily_quota_usd,
                        "max_concurrency": max_concurrency,
                        "max_keys": max_keys,
                        "max_members": max_members,
                        "max_namespaces": max_namespaces,
                        "max_priority": max_priority,
                        "monthly_quota_usd": monthly_quota_usd,
                        "name": name,
                        "prepaid": prepaid,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "time_zone": time_zone,
                        "tokens_per_minute": tokens_per_minute,
                    },
                )
            ),
        )

    def list(self, *, limit: int | Omit = OMIT) -> Pages[Organization, OrganizationPage]:
        """Lists organizations.

        The operator sees all, by name; an admin sees its own.

        Args:
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call("GET", "/v1/organizations", query={"limit": limit}, repeatable=True),
            OrganizationPage,
            "after",
        )

    def get(self, name: str) -> Organization:
        """Shows an organization.

        To the operator, and to the organization's admins.

        Args:
            name: The organization's name.
        """
        return decode(
            Organization,
            self._transport.json(
                Call("GET", f"/v1/organizations/{segment(name)}", repeatable=True)
            ),
        )

    def update(
        self,
        name: str,
        *,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        burst: int | None | Omit = OMIT,
        bytes_per_minute: int | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        max_concurrency: int | None | Omit = OMIT,
        max_keys: int | None | Omit = OMIT,
        max_members: int | None | Omit = OMIT,
        max_namespaces: int | None | Omit = OMIT,
        max_priority: Priority | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        prepaid: bool | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        rate_limit_per_minute: int | None | Omit = OMIT,
        soft_limits: Sequence[LimitKind] | None | Omit = OMIT,
        tags: Sequence[str] | Mapping[str, str] | None | Omit = OMIT,
        time_zone: str | None | Omit = OMIT,
        tokens_per_minute: int | None | Omit = OMIT,
    ) -> Organization:
        """Updates an organization.

        Its namespaces keep their own limits; the organization's apply beside them. Only the
        operator may: otherwise an organization's admin could lift its own limits.

        Args:
            name: The organization's name.
            allowed_models: The models that its namespaces may use, names or aliases; all of them by default.
            burst: Requests that the bucket holds; one minute's worth by default.
            bytes_per_minute: Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that. Each value of a body counts as 32 bytes more.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            max_concurrency: Requests in flight at once.
            max_keys: How many keys all its namespaces may have, disabled ones too; as many as come by default.
            max_members: How many members all its namespaces may have; as many as come by default.
            max_namespaces: How many namespaces it may have; as many as come by default.
            max_priority: The highest priority that its admins may give a namespace; `standard` by default.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            prepaid: Whether the balance of its own account caps what it spends; `true` opens an account.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            rate_limit_per_minute: Requests a minute.
            soft_limits: Those of its own limits that are told in a header and a metric and never refuse; `quotas` are all quotas. None by default.
            tags: Labels.
            time_zone: The IANA time zone whose days and months its quotas are of, and those of its namespaces that name none; UTC by default.
            tokens_per_minute: Tokens a minute, input and output; the bucket holds one minute's worth.
        """
        return decode(
            Organization,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/organizations/{segment(name)}",
                    body={
                        "allowed_models": allowed_models,
                        "burst": burst,
                        "bytes_per_minute": bytes_per_minute,
                        "daily_quota_usd": daily_quota_usd,
                        "max_concurrency": max_concurrency,
                        "max_keys": max_keys,
                        "max_members": max_members,
                        "max_namespaces": max_namespaces,
                        "max_priority": max_priority,
                        "monthly_quota_usd": monthly_quota_usd,
                        "prepaid": prepaid,
                        "quotas_usd": quotas_usd,
                        "rate_limit_per_minute": rate_limit_per_minute,
                        "soft_limits": soft_limits,
                        "tags": tags,
                        "time_zone": time_zone,
                        "tokens_per_minute": tokens_per_minute,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, name: str) -> Deleted:
        """Deletes an organization.

        It must have no namespaces: each of them is deleted by its own name first, so that one
        slip does not delete fifty teams. What was spent stays in the ledger.

        Args:
            name: The organization's name.
        """
        return decode(
            Deleted,
            self._transport.json(Call("DELETE", f"/v1/organizations/{segment(name)}")),
        )


class BudgetsCalls:
    """Caps that organizations set for some of their calls."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, organization: str) -> Pages[Budget, BudgetPage]:
        """Lists the budgets of an organization.

        Each with what is spent of its caps. To the operator and the organization's admins.

        Args:
            organization: The organization's name.
        """
        return Pages(
            self._transport,
            Call("GET", f"/v1/organizations/{segment(organization)}/budgets", repeatable=True),
            BudgetPage,
        )

    def get(self, organization: str, budget: str) -> Budget:
        """Shows a budget of an organization.

        With what is spent of its caps.

        Args:
            organization: The organization's name.
            budget: The budget's name.
        """
        return decode(
            Budget,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/organizations/{segment(organization)}/budgets/{segment(budget)}",
                    repeatable=True,
                )
            ),
        )

    def set(
        self,
        organization: str,
        budget: str,
        *,
        covers: CoversInput | None | Omit = OMIT,
        daily_quota_usd: float | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
        quotas_usd: Mapping[str, float] | None | Omit = OMIT,
        soft: bool | None | Omit = OMIT,
    ) -> Budget:
        """Sets a budget of an organization.

        The body replaces what was set before. It counts what is spent from its creation on; a
        budget that is deleted and set again goes on from what was spent. A cap may not be wider
        than the organization's of the same period. What the operator has set, only the operator
        changes.

        Args:
            organization: The organization's name.
            budget: The budget's name.
            covers: Which calls it covers; all of the organization by default.
            daily_quota_usd: Hard cap of a calendar day, in US dollars.
            monthly_quota_usd: Hard cap of a calendar month, in US dollars.
            quotas_usd: Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and `last_30_days` with 2 to 366 days, the present one included.
            soft: Whether its caps are told in a header and a metric and never refuse; `false` by default.
        """
        return decode(
            Budget,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/organizations/{segment(organization)}/budgets/{segment(budget)}",
                    body={
                        "covers": covers,
                        "daily_quota_usd": daily_quota_usd,
                        "monthly_quota_usd": monthly_quota_usd,
                        "quotas_usd": quotas_usd,
                        "soft": soft,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, organization: str, budget: str) -> Deleted:
        """Deletes a budget of an organization.

        What was booked stays booked.

        Args:
            organization: The organization's name.
            budget: The budget's name.
        """
        return decode(
            Deleted,
            self._transport.json(
                Call(
                    "DELETE", f"/v1/organizations/{segment(organization)}/budgets/{segment(budget)}"
                )
            ),
        )


class RolesCalls:
    """What the holders of keys may do, and how organizations narrow that."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, organization: str | Omit = OMIT, limit: int | Omit = OMIT
    ) -> Pages[RoleRights, RoleRightsPage]:
        """Lists the roles and what each may do.

        To a key, with the models and quotas of its namespace; to the operator, with those of
        the organization that is named.

        Args:
            organization: The caller's own organization, or any if the caller is the operator.
            limit: Accepted, as for every list; all roles are on one page.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/roles",
                query={"organization": organization, "limit": limit},
                repeatable=True,
            ),
            RoleRightsPage,
            "after",
        )

    def get(self, organization: str, role: str) -> RoleRights:
        """Shows a role of an organization.

        Args:
            organization: The organization's name.
            role: `admin`, `developer`, `analyst` or `viewer`.
        """
        return decode(
            RoleRights,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/organizations/{segment(organization)}/roles/{segment(role)}",
                    repeatable=True,
                )
            ),
        )

    def set(
        self,
        organization: str,
        role: str,
        *,
        allowed_endpoints: Sequence[EndpointScope] | None | Omit = OMIT,
        allowed_models: Sequence[str] | None | Omit = OMIT,
        can_create_api_keys: bool | None | Omit = OMIT,
        can_manage_users: bool | None | Omit = OMIT,
        can_view_analytics: bool | None | Omit = OMIT,
        monthly_quota_usd: float | None | Omit = OMIT,
    ) -> RoleRights:
        """Narrows a role in an organization.

        The body replaces what was set before: what it leaves out is as in every organization.
        An admin narrows the other roles; only the operator narrows `admin`. An admin gives no
        role back what the operator took from `admin`.

        Args:
            organization: The organization's name.
            role: `admin`, `developer`, `analyst` or `viewer`.
            allowed_endpoints: The endpoints it may use.
            allowed_models: The models it may use, names or aliases.
            can_create_api_keys: `false`: it may not create keys, nor rotate them.
            can_manage_users: `false`: it may not manage members, nor narrow other roles.
            can_view_analytics: `false`: it may not read usage, costs and the audit.
            monthly_quota_usd: The most that each key of it may spend in a UTC calendar month, in US dollars.
        """
        return decode(
            RoleRights,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/organizations/{segment(organization)}/roles/{segment(role)}",
                    body={
                        "allowed_endpoints": allowed_endpoints,
                        "allowed_models": allowed_models,
                        "can_create_api_keys": can_create_api_keys,
                        "can_manage_users": can_manage_users,
                        "can_view_analytics": can_view_analytics,
                        "monthly_quota_usd": monthly_quota_usd,
                    },
                    repeatable=True,
                )
            ),
        )

    def reset(self, organization: str, role: str) -> RoleRights:
        """Ends what an organization narrows a role to.

        The role is again as in every organization.

        Args:
            organization: The organization's name.
            role: `admin`, `developer`, `analyst` or `viewer`.
        """
        return decode(
            RoleRights,
            self._transport.json(
                Call("DELETE", f"/v1/organizations/{segment(organization)}/roles/{segment(role)}")
            ),
        )


class MembersCalls:
    """Who belongs to a namespace, and the widest role of their keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, *, email: str, namespace: str, user_id: str, role: Role | None | Omit = OMIT
    ) -> Member:
        """Creates a member.

        The operator may, and the admins of the namespace's organization.

        Args:
            email: The address that mail to them is sent to; unique in the namespace.
            namespace: The namespace they belong to, which never changes. Required if the user is a member of several.
            user_id: The user who is the member, which never changes. Unique in the namespace.
            role: The widest role their keys may have; `developer` by default. Keys with a wider role get this one.
        """
        return decode(
            Member,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/members",
                    body={"email": email, "namespace": namespace, "role": role, "user_id": user_id},
                )
            ),
        )

    def list(
        self, *, namespace: str | Omit = OMIT, user_id: str | Omit = OMIT, limit: int | Omit = OMIT
    ) -> Pages[Member, MemberPage]:
        """Lists members.

        An admin sees those within its reach, oldest first; any other caller sees the member its
        key belongs to.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            user_id: Only this `user_id`, or the member of this id.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/members",
                query={"namespace": namespace, "user_id": user_id, "limit": limit},
                repeatable=True,
            ),
            MemberPage,
            "after",
        )

    def get(self, id: str, *, namespace: str | Omit = OMIT) -> Member:
        """Shows a member.

        To admins, and to the holders of the member's keys.

        Args:
            id: The member's id, or its `user_id`.
            namespace: The namespace they belong to, if the user is a member of several. Also accepted as `team`, `team_id` and `project`.
        """
        return decode(
            Member,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/members/{segment(id)}",
                    query={"namespace": namespace},
                    repeatable=True,
                )
            ),
        )

    def update(
        self,
        id: str,
        *,
        email: str | None | Omit = OMIT,
        namespace: str | None | Omit = OMIT,
        role: Role | None | Omit = OMIT,
    ) -> Member:
        """Updates a member.

        If the role becomes narrower, so do the member's keys with a wider role.

        Args:
            id: The member's id, or its `user_id`.
            email: The address that mail to them is sent to; unique in the namespace.
            namespace: The namespace they belong to, which never changes. Required if the user is a member of several.
            role: The widest role their keys may have; `developer` by default. Keys with a wider role get this one.
        """
        return decode(
            Member,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/members/{segment(id)}",
                    body={"email": email, "namespace": namespace, "role": role},
                    repeatable=True,
                )
            ),
        )

    def delete(self, id: str, *, namespace: str | Omit = OMIT) -> DeletedMember:
        """Removes a member.

        The member's keys are disabled, and cannot be enabled again.

        Args:
            id: The member's id, or its `user_id`.
            namespace: The namespace they belong to, if the user is a member of several. Also accepted as `team`, `team_id` and `project`.
        """
        return decode(
            DeletedMember,
            self._transport.json(
                Call("DELETE", f"/v1/members/{segment(id)}", query={"namespace": namespace})
            ),
        )


class WebhooksCalls:
    """Notices that a quota runs low, and their deliveries."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        namespace: str,
        *,
        events: Sequence[WebhookEvent],
        url: str,
        secret: str | None | Omit = OMIT,
        threshold_percent: int | None | Omit = OMIT,
    ) -> CreatedWebhook:
        """Creates a webhook.

        If no `secret` is sent, one is generated and shown this once.

        Args:
            namespace: The namespace's name.
            events: The events that are delivered.
            url: The URL they are delivered to. The operator decides which URLs are allowed.
            secret: Signs deliveries. If none is sent with a new webhook, or `null`, one is generated and shown once.
            threshold_percent: The percentage of the monthly quota at which `spend.threshold` is delivered; 80 by default.
        """
        return decode(
            CreatedWebhook,
            self._transport.json(
                Call(
                    "POST",
                    f"/v1/namespaces/{segment(namespace)}/webhooks",
                    body={
                        "events": events,
                        "secret": secret,
                        "threshold_percent": threshold_percent,
                        "url": url,
                    },
                )
            ),
        )

    def list(self, namespace: str) -> Pages[Webhook, WebhookPage]:
        """Lists a namespace's webhooks.

        All of them, oldest first.

        Args:
            namespace: The namespace's name.
        """
        return Pages(
            self._transport,
            Call("GET", f"/v1/namespaces/{segment(namespace)}/webhooks", repeatable=True),
            WebhookPage,
        )

    def get(self, id: str) -> Webhook:
        """Shows a webhook.

        Args:
            id: The webhook's id.
        """
        return decode(
            Webhook,
            self._transport.json(Call("GET", f"/v1/webhooks/{segment(id)}", repeatable=True)),
        )

    def update(
        self,
        id: str,
        *,
        events: Sequence[WebhookEvent] | None | Omit = OMIT,
        secret: str | None | Omit = OMIT,
        threshold_percent: int | None | Omit = OMIT,
        url: str | None | Omit = OMIT,
    ) -> CreatedWebhook:
        """Updates a webhook.

        Deliveries under way still go to the URL they were made for. `secret: null` generates a
        new secret, shown this once.

        Args:
            id: The webhook's id.
            events: The events that are delivered.
            secret: Signs deliveries. If none is sent with a new webhook, or `null`, one is generated and shown once.
            threshold_percent: The percentage of the monthly quota at which `spend.threshold` is delivered; 80 by default.
            url: The URL they are delivered to. The operator decides which URLs are allowed.
        """
        return decode(
            CreatedWebhook,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/webhooks/{segment(id)}",
                    body={
                        "events": events,
                        "secret": secret,
                        "threshold_percent": threshold_percent,
                        "url": url,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, id: str) -> Deleted:
        """Deletes a webhook and its deliveries.

        What was not delivered yet never is.

        Args:
            id: The webhook's id.
        """
        return decode(Deleted, self._transport.json(Call("DELETE", f"/v1/webhooks/{segment(id)}")))

    def list_deliveries(
        self,
        id: str,
        *,
        status: DeliveryStatus | Omit = OMIT,
        since: str | date | Omit = OMIT,
        limit: int | Omit = OMIT,
    ) -> Pages[Delivery, DeliveryPage]:
        """Lists the deliveries of a webhook.

        Newest first, at most `limit` of them.

        Args:
            id: The webhook's id.
            status: Only those of this status.
            since: Only those created since: a UTC day, or a moment in RFC 3339.
            limit: Most deliveries; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                f"/v1/webhooks/{segment(id)}/deliveries",
                query={"status": status, "since": since, "limit": limit},
                repeatable=True,
            ),
            DeliveryPage,
        )

    def replay_events(
        self, id: str, *, event_ids: Sequence[str], target_url: str | None | Omit = OMIT
    ) -> DeliveryPage:
        """Delivers events again.

        Under their own ids, to the webhook's URL or another one, signed with the webhook's
        secret. If 500 deliveries of the namespace wait, the answer is 429.

        Args:
            id: The webhook's id.
            event_ids: The ids of events that this webhook got.
            target_url: Another URL than the webhook's.
        """
        return decode(
            DeliveryPage,
            self._transport.json(
                Call(
                    "POST",
                    f"/v1/webhooks/{segment(id)}/replay",
                    body={"event_ids": event_ids, "target_url": target_url},
                )
            ),
        )


class AlertsCalls:
    """What happens at a share of the budget, or after an unusual hour."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        namespace: str,
        *,
        action: AlertAction,
        name: str,
        keys: Sequence[str] | None | Omit = OMIT,
        message_template: str | None | Omit = OMIT,
        notify_emails: Sequence[str] | None | Omit = OMIT,
        threshold_pct: float | None | Omit = OMIT,
        threshold_stddev: float | None | Omit = OMIT,
        webhook_url: str | None | Omit = OMIT,
        window: AlertWindow | None | Omit = OMIT,
    ) -> CreatedAlert:
        """Creates an alert.

        Args:
            namespace: The namespace's name.
            action: What happens when it fires.
            name: Unique in its namespace.
            keys: The keys that are disabled, by id or name: required by `disable_key`.
            message_template: The message, with `{pct}`, `{spent}`, `{limit}` and `{namespace}`.
            notify_emails: The addresses that get a mail: required by `email`. The operator must have set a mail server.
            threshold_pct: The alert fires at this percentage of the window's budget.
            threshold_stddev: The alert fires if an hour costs this many standard deviations more than such hours did.
            webhook_url: The URL it is delivered to: required by `webhook` and `slack`.
            window: The time it looks at; the calendar month by default.
        """
        return decode(
            CreatedAlert,
            self._transport.json(
                Call(
                    "POST",
                    f"/v1/namespaces/{segment(namespace)}/alerts",
                    body={
                        "action": action,
                        "keys": keys,
                        "message_template": message_template,
                        "name": name,
                        "notify_emails": notify_emails,
                        "threshold_pct": threshold_pct,
                        "threshold_stddev": threshold_stddev,
                        "webhook_url": webhook_url,
                        "window": window,
                    },
                )
            ),
        )

    def list(self, namespace: str) -> Pages[Alert, AlertPage]:
        """Lists a namespace's alerts.

        All of them, oldest first.

        Args:
            namespace: The namespace's name.
        """
        return Pages(
            self._transport,
            Call("GET", f"/v1/namespaces/{segment(namespace)}/alerts", repeatable=True),
            AlertPage,
        )

    def get(self, namespace: str, id: str) -> Alert:
        """Shows an alert.

        The path has its id or its name.

        Args:
            namespace: The namespace's name.
            id: The id; of an alert, its name too.
        """
        return decode(
            Alert,
            self._transport.json(
                Call(
                    "GET",
                    f"/v1/namespaces/{segment(namespace)}/alerts/{segment(id)}",
                    repeatable=True,
                )
            ),
        )

    def update(
        self,
        namespace: str,
        id: str,
        *,
        action: AlertAction | None | Omit = OMIT,
        keys: Sequence[str] | None | Omit = OMIT,
        message_template: str | None | Omit = OMIT,
        name: str | None | Omit = OMIT,
        notify_emails: Sequence[str] | None | Omit = OMIT,
        threshold_pct: float | None | Omit = OMIT,
        threshold_stddev: float | None | Omit = OMIT,
        webhook_url: str | None | Omit = OMIT,
        window: AlertWindow | None | Omit = OMIT,
    ) -> CreatedAlert:
        """Updates an alert.

        The path has its id or its name. If the threshold or the window changes, the alert may
        fire again in this period. If its action becomes `webhook`, it gets a secret, shown this
        once.

        Args:
            namespace: The namespace's name.
            id: The id; of an alert, its name too.
            action: What happens when it fires.
            keys: The keys that are disabled, by id or name: required by `disable_key`.
            message_template: The message, with `{pct}`, `{spent}`, `{limit}` and `{namespace}`.
            name: Unique in its namespace.
            notify_emails: The addresses that get a mail: required by `email`. The operator must have set a mail server.
            threshold_pct: The alert fires at this percentage of the window's budget.
            threshold_stddev: The alert fires if an hour costs this many standard deviations more than such hours did.
            webhook_url: The URL it is delivered to: required by `webhook` and `slack`.
            window: The time it looks at; the calendar month by default.
        """
        return decode(
            CreatedAlert,
            self._transport.json(
                Call(
                    "PATCH",
                    f"/v1/namespaces/{segment(namespace)}/alerts/{segment(id)}",
                    body={
                        "action": action,
                        "keys": keys,
                        "message_template": message_template,
                        "name": name,
                        "notify_emails": notify_emails,
                        "threshold_pct": threshold_pct,
                        "threshold_stddev": threshold_stddev,
                        "webhook_url": webhook_url,
                        "window": window,
                    },
                    repeatable=True,
                )
            ),
        )

    def delete(self, namespace: str, id: str) -> Deleted:
        """Deletes an alert.

        The path has its id or its name. What it did stays: a disabled key must be enabled, a
        throttle ends with its period.

        Args:
            namespace: The namespace's name.
            id: The id; of an alert, its name too.
        """
        return decode(
            Deleted,
            self._transport.json(
                Call("DELETE", f"/v1/namespaces/{segment(namespace)}/alerts/{segment(id)}")
            ),
        )


class MonitoringCalls:
    """Usage as it is booked, costs, balances, health."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def stream_usage(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        granularity: StreamUsageGranularity | Omit = OMIT,
        last_event_id: str | None = None,
    ) -> Events[UsageEvent]:
        """Streams usage as it is booked.

        One event for each key, model and interval: to the operator about everything, to an
        admin about its organization, to every other key about its own namespace. An event's id
        is the end of its interval and its number in it. To resume behind an event, send its id
        as `Last-Event-ID`.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            granularity: The interval that an event is about; `30s` by default.
            last_event_id: The id of the last event: the stream resumes behind it.
        """
        return Events(
            self._transport,
            Call(
                "GET",
                "/v1/usage/stream",
                query={
                    "namespace": namespace,
                    "organization": organization,
                    "granularity": granularity,
                },
                repeatable=True,
            ),
            UsageEvent,
            last_event_id,
        )

    def cost_attribution(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        period: str | Omit = OMIT,
        group_by: GetCostAttributionGroupBy | Omit = OMIT,
        breakdown: GetCostAttributionBreakdown | Omit = OMIT,
    ) -> dict[str, Cost | dict[str, Cost]]:
        """Sums up costs by team, key, user, tag or model.

        To the operator about everything, to an admin about its organization, to every other key
        about its own namespace. Whole UTC days.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            period: `current_month` (the default), `previous_month`, `all`, or the last days, today included: `7d`.
            group_by: `team` by default; `namespace` and `project` mean the same.
            breakdown: Splits each group by model.
        """
        return decode(
            dict[str, Cost | dict[str, Cost]],
            self._transport.json(
                Call(
                    "GET",
                    "/v1/cost-attribution",
                    query={
                        "namespace": namespace,
                        "organization": organization,
                        "period": period,
                        "group_by": group_by,
                        "breakdown": breakdown,
                    },
                    repeatable=True,
                )
            ),
        )

    def balance(self) -> Balance:
        """Shows what the caller may still spend this month.

        The caller's own key; to the operator, the default organization.
        """
        return decode(
            Balance, self._transport.json(Call("GET", "/v1/account/balance", repeatable=True))
        )

    def usage_series(
        self,
        *,
        metric: Metric | Omit = OMIT,
        group_by: GroupBy | Omit = OMIT,
        tag_key: str | Omit = OMIT,
        granularity: GetUsageSeriesGranularity | Omit = OMIT,
        period: str | Omit = OMIT,
        start_date: str | date | Omit = OMIT,
        end_date: str | date | Omit = OMIT,
        top: int | Omit = OMIT,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        key: str | Omit = OMIT,
        model: str | Omit = OMIT,
    ) -> UsageSeries:
        """Shows what groups used, step by step.

        To the operator about everything, to an admin about its organization, to every other key
        about its own namespace.

        Args:
            metric: `cost` (the default, in US dollars), `requests` or `tokens`.
            group_by: `namespace` by default.
            tag_key: With `group_by=tag`: only labels of this name; groups are their values.
            granularity: The steps, at most 2,000: `day` by default, `hour` for up to two days.
            period: `current_month`, `previous_month`, `all`, or the last days, today included: `30d` by default.
            start_date: The first UTC day or moment.
            end_date: The last UTC day, inclusive, or a moment; now by default.
            top: The groups that are told apart, from 1 to 50; 10 by default. The rest is `others`.
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            key: Only this key, by its id.
            model: Only this model.
        """
        return decode(
            UsageSeries,
            self._transport.json(
                Call(
                    "GET",
                    "/v1/usage/series",
                    query={
                        "metric": metric,
                        "group_by": group_by,
                        "tag_key": tag_key,
                        "granularity": granularity,
                        "period": period,
                        "start_date": start_date,
                        "end_date": end_date,
                        "top": top,
                        "namespace": namespace,
                        "organization": organization,
                        "key": key,
                        "model": model,
                    },
                    repeatable=True,
                )
            ),
        )

    def usage_table(
        self,
        *,
        group_by: GroupBy | Omit = OMIT,
        tag_key: str | Omit = OMIT,
        period: str | Omit = OMIT,
        start_date: str | date | Omit = OMIT,
        end_date: str | date | Omit = OMIT,
        sort: GetUsageTableSort | Omit = OMIT,
        limit: int | Omit = OMIT,
        offset: int | Omit = OMIT,
        format: GetUsageTableFormat | Omit = OMIT,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        key: str | Omit = OMIT,
        model: str | Omit = OMIT,
    ) -> Pages[UsageRow, UsageTable]:
        """Shows what groups used in a time.

        To the operator about everything, to an admin about its organization, to every other key
        about its own namespace. Namespaces that used nothing are there too. As CSV, all rows.

        Args:
            group_by: `namespace` by default.
            tag_key: With `group_by=tag`: only labels of this name; groups are their values.
            period: `current_month`, `previous_month`, `all`, or the last days, today included: `30d` by default.
            start_date: The first UTC day or moment.
            end_date: The last UTC day, inclusive, or a moment; now by default.
            sort: `cost` (the default), `requests` or `tokens`, most first, or `name`.
            limit: Rows of the page; 100 by default. A CSV has all.
            offset: Rows to leave out first; none by default.
            format: `json` by default.
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            key: Only this key, by its id.
            model: Only this model.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/usage/table",
                query={
                    "group_by": group_by,
                    "tag_key": tag_key,
                    "period": period,
                    "start_date": start_date,
                    "end_date": end_date,
                    "sort": sort,
                    "limit": limit,
                    "offset": offset,
                    "format": format,
                    "namespace": namespace,
                    "organization": organization,
                    "key": key,
                    "model": model,
                },
                repeatable=True,
            ),
            UsageTable,
        )

    def list_requests(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        key: str | Omit = OMIT,
        model: str | Omit = OMIT,
        user: str | Omit = OMIT,
        outcome: ListRequestsOutcome | Omit = OMIT,
        code: str | Omit = OMIT,
        status: int | Omit = OMIT,
        request_id: str | Omit = OMIT,
        min_cost_usd: float | Omit = OMIT,
        start_date: str | date | Omit = OMIT,
        end_date: str | date | Omit = OMIT,
        limit: int | Omit = OMIT,
    ) -> Pages[Request, RequestList]:
        """Lists calls of models.

        The newest first. To the operator all, to an admin its organization's, to a key that may
        call models its own, to any other key its namespace's.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            key: Only this key, by its id.
            model: Only this model, as it served or as it was asked for.
            user: Only this end user.
            outcome: Only calls that ended so.
            code: Only calls refused with this code, such as `budget_exceeded`.
            status: Only this HTTP status.
            request_id: Only this request, by its id at the gateway.
            min_cost_usd: Only calls that cost at least so many US dollars.
            start_date: The first UTC day or moment; the beginning of the ledger by default.
            end_date: The last UTC day, inclusive, or a moment; now by default.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/requests",
                query={
                    "namespace": namespace,
                    "organization": organization,
                    "key": key,
                    "model": model,
                    "user": user,
                    "outcome": outcome,
                    "code": code,
                    "status": status,
                    "request_id": request_id,
                    "min_cost_usd": min_cost_usd,
                    "start_date": start_date,
                    "end_date": end_date,
                    "limit": limit,
                },
                repeatable=True,
            ),
            RequestList,
            "cursor",
        )

    def get_request(self, id: str) -> RequestStory:
        """Shows a call of a model.

        What it used, which scopes it was booked to or refused by, and what its cost is made of.
        To those who see it in the list.

        Args:
            id: The call's id in the ledger.
        """
        return decode(
            RequestStory,
            self._transport.json(Call("GET", f"/v1/requests/{segment(id)}", repeatable=True)),
        )

    def list_gateways(self) -> Pages[Gateway, GatewayPage]:
        """Lists gateways.

        Those that were heard of in the last day, and those that have money on lease. For the
        operator.
        """
        return Pages(self._transport, Call("GET", "/v1/gateways", repeatable=True), GatewayPage)

    def reconcile(self, *, events: Sequence[Mapping[str, object]]) -> Reconciled:
        """Books events that a gateway logged and may not have sent.

        Books the events that the ledger does not have, each once in the life of the database.
        Events of namespaces, organizations or keys that are not of this installation are
        rejected, and so are those from more than 400 days ago or from times to come. Only the
        operator may: what is booked is spent.

        Args:
            events: Usage events as gateways write them to their access log: JSON objects with an `id`. Any other value is answered in `rejected`.
        """
        return decode(
            Reconciled,
            self._transport.json(
                Call("POST", "/v1/usage/reconcile", body={"events": events}, repeatable=True)
            ),
        )

    def health(self) -> Health:
        """Tells that the process answers."""
        return decode(Health, self._transport.json(Call("GET", "/healthz", repeatable=True)))

    def readiness(self) -> Health:
        """Tells whether the database takes writes and its schema is up to date."""
        return decode(Health, self._transport.json(Call("GET", "/readyz", repeatable=True)))

    def metrics(self) -> str:
        """Tells what the service counted, for Prometheus.

        Whoever asks through a proxy, such as a gateway, needs the operator's key.
        """
        return self._transport.text(Call("GET", "/metrics", repeatable=True))

    def openapi(self) -> dict[str, Any]:
        """Shows this document.

        The parts that depend on the configuration, such as the range of rates, are this
        installation's.
        """
        return decode(
            dict[str, Any],
            self._transport.json(Call("GET", "/openapi.json", repeatable=True)),
        )


class AuditCalls:
    """Every model call and every change."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        start_date: str | date | Omit = OMIT,
        end_date: str | date | Omit = OMIT,
        action: str | Omit = OMIT,
        order: ListAuditOrder | Omit = OMIT,
        fields: str | Omit = OMIT,
        include_cost: bool | Omit = OMIT,
        limit: int = 500,
    ) -> Pages[AuditEntry, AuditList]:
        """Lists model calls and changes.

        To the operator everything, to admins what is their organization's, to every other key
        what is its own namespace's. Oldest first, or newest first with `order=desc`. Without
        `limit`, the answer is the whole, as a stream.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            start_date: The first UTC day or moment; 90 days before the end by default.
            end_date: The last UTC day, inclusive, or a moment; now by default.
            action: Only this action, such as `model.call` or `key.create`; if it ends with a dot, all that begin with it.
            order: `asc` (oldest first) by default.
            fields: The fields, in this order, separated by commas; all by default.
            include_cost: Whether costs are included; true by default.
            limit: Rows of a page; 1 to 1000.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/audit",
                query={
                    "namespace": namespace,
                    "organization": organization,
                    "start_date": start_date,
                    "end_date": end_date,
                    "action": action,
                    "order": order,
                    "fields": fields,
                    "include_cost": include_cost,
                    "limit": limit,
                },
                repeatable=True,
            ),
            AuditList,
            "cursor",
        )

    def generate_report(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        start_date: str | date | Omit = OMIT,
        end_date: str | date | Omit = OMIT,
        action: str | Omit = OMIT,
        order: ListAuditOrder | Omit = OMIT,
        format: ListAuditFormat = "csv",
        fields: str | Omit = OMIT,
        include_cost: bool | Omit = OMIT,
        aggregation: ListAuditAggregation | Omit = OMIT,
    ) -> Report:
        """Lists model calls and changes.

        To the operator everything, to admins what is their organization's, to every other key
        what is its own namespace's. Oldest first, or newest first with `order=desc`. Without
        `limit`, the answer is the whole, as a stream.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            start_date: The first UTC day or moment; 90 days before the end by default.
            end_date: The last UTC day, inclusive, or a moment; now by default.
            action: Only this action, such as `model.call` or `key.create`; if it ends with a dot, all that begin with it.
            order: `asc` (oldest first) by default.
            format: `csv` or `json`.
            fields: The fields, in this order, separated by commas; all by default.
            include_cost: Whether costs are included; true by default.
            aggregation: `per_key` sums up the calls of each key, without `action`, `limit` and `cursor`.
        """
        return Report(
            self._transport,
            Call(
                "GET",
                "/v1/audit",
                query={
                    "namespace": namespace,
                    "organization": organization,
                    "start_date": start_date,
                    "end_date": end_date,
                    "action": action,
                    "order": order,
                    "format": format,
                    "fields": fields,
                    "include_cost": include_cost,
                    "aggregation": aggregation,
                },
                repeatable=True,
            ),
        )

    def verify(self, *, organization: str | Omit = OMIT) -> AuditVerification:
        """Verifies that the audit is complete and unchanged.

        To the operator every chain, or the one that is named; to an admin its organization's.
        While it takes long, blanks are sent before the JSON.

        Args:
            organization: Only the chain of this organization: the caller's own; any, for the operator. `*` is the installation's own.
        """
        return decode(
            AuditVerification,
            self._transport.json(
                Call(
                    "GET", "/v1/audit/verify", query={"organization": organization}, repeatable=True
                )
            ),
        )


class CorrectionsCalls:
    """Corrections of what was charged."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        amount_usd: float,
        reason: str,
        event_id: str | None | Omit = OMIT,
        key_id: str | None | Omit = OMIT,
        model: str | None | Omit = OMIT,
        namespace: str | None | Omit = OMIT,
        reference: str | None = None,
    ) -> Correction:
        """Books a correction.

        It stands in the ledger and its chain on the day it is made, and counts as no request;
        nothing that is booked is changed. It moves the budgets and prepaid balances of the
        moment that the corrected call started at, or else of now: what is given back may be
        spent again. The same reference again answers the same correction. Only the operator
        may.

        Args:
            amount_usd: US dollars: charged if above 0, given back if below. At most what one call can cost; of a call, at most what is left of its cost is given back.
            reason: Why.
            event_id: The call that is corrected: its `event_id` in the audit. Namespace, key, model and end user are the call's.
            key_id: With `namespace`: the id of one of its keys.
            model: With `namespace`: a model.
            namespace: The namespace, if it is not one call that is corrected.
            reference: The caller's name for the correction: the same reference again is the same correction. A random one by default.
        """
        return decode(
            Correction,
            self._transport.json(
                Call(
                    "POST",
                    "/v1/corrections",
                    body={
                        "amount_usd": amount_usd,
                        "event_id": event_id,
                        "key_id": key_id,
                        "model": model,
                        "namespace": namespace,
                        "reason": reason,
                        "reference": reference or new_idempotency_key(),
                    },
                    repeatable=True,
                )
            ),
        )

    def list(
        self,
        *,
        namespace: str | Omit = OMIT,
        organization: str | Omit = OMIT,
        limit: int | Omit = OMIT,
    ) -> Pages[Correction, CorrectionPage]:
        """Lists corrections.

        The newest first: to the operator all, to an admin those of its organization, to every
        other key those of its own namespace.

        Args:
            namespace: Only this namespace. Also accepted as `team`, `team_id` and `project`.
            organization: Only this organization: the caller's own; any, for the operator.
            limit: Rows of the page; 100 by default.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/v1/corrections",
                query={"namespace": namespace, "organization": organization, "limit": limit},
                repeatable=True,
            ),
            CorrectionPage,
            "after",
        )


class PricesCalls:
    """Models: what they cost and where they are served."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Pages[Price, PriceList]:
        """Lists models, their prices and their aliases.

        To any key.
        """
        return Pages(self._transport, Call("GET", "/v1/prices", repeatable=True), PriceList)

    def get(self, model: str) -> Price:
        """Shows the price of a model.

        To any key, by the name of the model or an alias.

        Args:
            model: The model's name. A slash in it stays as it is: Envoy refuses an escaped one.
        """
        return decode(
            Price,
            self._transport.json(Call("GET", f"/v1/prices/{segment(model)}", repeatable=True)),
        )

    def set(
        self,
        model: str,
        *,
        audio_input_usd_per_million: float | None | Omit = OMIT,
        audio_output_usd_per_million: float | None | Omit = OMIT,
        batch_percent: int | None | Omit = OMIT,
        cache_write_1h_usd_per_million: float | None | Omit = OMIT,
        cache_write_5m_usd_per_million: float | None | Omit = OMIT,
        cached_input_usd_per_million: float | None | Omit = OMIT,
        capabilities: Sequence[str] | None | Omit = OMIT,
        context_window: int | None | Omit = OMIT,
        deployments: Sequence[DeploymentInput] | None | Omit = OMIT,
        effective_from: str | datetime | None | Omit = OMIT,
        fees_usd: Mapping[str, float] | None | Omit = OMIT,
        image_input_usd_per_million: float | None | Omit = OMIT,
        image_output_usd_per_million: float | None | Omit = OMIT,
        input_usd_per_million: float | None | Omit = OMIT,
        max_output_tokens: int | None | Omit = OMIT,
        media_tokens: MediaTokensViewInput | None | Omit = OMIT,
        output_limit_field: OutputLimitField | None | Omit = OMIT,
        output_usd_per_million: float | None | Omit = OMIT,
        paths: FormatPathsInput | None | Omit = OMIT,
        reasoning_usd_per_million: float | None | Omit = OMIT,
        steps: Sequence[PriceStepInput] | None | Omit = OMIT,
        surcharges_percent: Mapping[str, int] | None | Omit = OMIT,
        tiers: Mapping[str, PriceTierInput] | None | Omit = OMIT,
        units_usd: Mapping[str, float] | None | Omit = OMIT,
        upstream: str | None | Omit = OMIT,
        upstream_model: str | None | Omit = OMIT,
    ) -> Price:
        """Sets the price and the route of a model.

        Creates the model if it is new. Only the operator may: prices are the same for every
        tenant.

        Args:
            model: The model's name. A slash in it stays as it is: Envoy refuses an escaped one.
            audio_input_usd_per_million: US dollars per million input tokens of audio; if not set, 16 times what text costs is charged.
            audio_output_usd_per_million: US dollars per million output tokens of audio; if not set, 16 times what text costs is charged.
            batch_percent: The price of a batch, in percent of the prices above: of the tiers `batch` and `flex`.
            cache_write_1h_usd_per_million: US dollars per million input tokens written to the provider's cache for an hour.
            cache_write_5m_usd_per_million: US dollars per million input tokens written to the provider's cache for five minutes.
            cached_input_usd_per_million: US dollars per million input tokens read from the provider's cache.
            capabilities: What the model can do; if empty, nothing is known about that.
            context_window: The most tokens of prompt and answer together.
            deployments: All places that serve it, in place of `upstream`, `upstream_model` and `paths`; `null` if it is the first of them alone.
            effective_from: When these prices come into force: now, if left out, or later. Then nothing else can be sent.
            fees_usd: US dollars per call of the provider's tools.
            image_input_usd_per_million: US dollars per million input tokens of images and video.
            image_output_usd_per_million: US dollars per million output tokens of images; if not set, 16 times what text costs is charged.
            input_usd_per_million: US dollars per million input tokens.
            max_output_tokens: The most output tokens of one answer; `null` if it is not known.
            media_tokens: The most tokens of one medium within a prompt.
            output_limit_field: The field of chat completions that limits a model's output. `null` if all that the format has do.
            output_usd_per_million: US dollars per million output tokens.
            paths: Where the upstream serves each wire format.
            reasoning_usd_per_million: US dollars per million tokens of reasoning.
            steps: Other prices of calls with long prompts.
            surcharges_percent: Percent that are added to the tokens of a call served in a region, by the region's name.
            tiers: What a call costs that is served in another tier, by the tier's name.
            units_usd: US dollars per image, second, character, page and search. With them tokens may cost nothing.
            upstream: The Envoy cluster that serves it.
            upstream_model: The upstream's name for it, if that is another one.
        """
        return decode(
            Price,
            self._transport.json(
                Call(
                    "PUT",
                    f"/v1/prices/{segment(model)}",
                    body={
                        "audio_input_usd_per_million": audio_input_usd_per_million,
                        "audio_output_usd_per_million": audio_output_usd_per_million,
                        "batch_percent": batch_percent,
                        "cache_write_1h_usd_per_million": cache_write_1h_usd_per_million,
                        "cache_write_5m_usd_per_million": cache_write_5m_usd_per_million,
                        "cached_input_usd_per_million": cached_input_usd_per_million,
                        "capabilities": capabilities,
                        "context_window": context_window,
                        "deployments": deployments,
                        "effective_from": effective_from,
                        "fees_usd": fees_usd,
                        "image_input_usd_per_million": image_input_usd_per_million,
                        "image_output_usd_per_million": image_output_usd_per_million,
                        "input_usd_per_million": input_usd_per_million,
                        "max_output_tokens": max_output_tokens,
                        "media_tokens": media_tokens,
                        "output_limit_field": output_limit_field,
                        "output_usd_per_million": output_usd_per_million,
                        "paths": paths,
                        "reasoning_usd_per_million": reasoning_usd_per_million,
                        "steps": steps,
                        "surcharges_percent": surcharges_percent,
                        "tiers": tiers,
                        "units_usd": units_usd,
                        "upstream": upstream,
                        "upstream_model": upstream_model,
                    },
                    repeatable=True,
                )
            ),
        )

    def withdraw(self, model: str, *, effective_from: str | date) -> Price:
        """Withdraws a price that is to come.

        Only the operator may. A price that is in force stays until another one replaces it.

        Args:
            model: The model's name. A slash in it stays as it is: Envoy refuses an escaped one.
            effective_from: When the price would have come into force.
        """
        return decode(
            Price,
            self._transport.json(
                Call(
                    "DELETE",
                    f"/v1/prices/{segment(model)}",
                    query={"effective_from": effective_from},
                )
            ),
        )


class AliasesCalls:
    """Other names of models."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Pages[Alias, AliasPage]:
        """Lists the aliases of models.

        To any key, all on one page.
        """
        return Pages(self._transport, Call("GET", "/v1/aliases", repeatable=True), AliasPage)

    def set(self, alias: str, *, model: str) -> Alias:
        """Sets which model an alias leads to.

        Creates the alias if it is new. With a `*` at its end it stands for all names that begin
        with what is before it; the longest beginning holds, and whole names come first. Only
        the operator may.

        Args:
            alias: The alias; case does not matter. A slash in it stays as it is: Envoy refuses an escaped one.
            model: The model's own name.
        """
        return decode(
            Alias,
            self._transport.json(
                Call("PUT", f"/v1/aliases/{segment(alias)}", body={"model": model}, repeatable=True)
            ),
        )

    def delete(self, alias: str) -> Deleted:
        """Deletes an alias.

        Only the operator may. The model stays.

        Args:
            alias: The alias; case does not matter. A slash in it stays as it is: Envoy refuses an escaped one.
        """
        return decode(
            Deleted, self._transport.json(Call("DELETE", f"/v1/aliases/{segment(alias)}"))
        )


class Groups:
    """Every group of calls."""

    def __init__(self, transport: Transport) -> None:
        self.teams = TeamsCalls(transport)
        self.users = UsersCalls(transport)
        self.api_keys = ApiKeysCalls(transport)
        self.routing = RoutingCalls(transport)
        self.reservations = ReservationsCalls(transport)
        self.credits = CreditsCalls(transport)
        self.organizations = OrganizationsCalls(transport)
        self.budgets = BudgetsCalls(transport)
        self.roles = RolesCalls(transport)
        self.members = MembersCalls(transport)
        self.webhooks = WebhooksCalls(transport)
        self.alerts = AlertsCalls(transport)
        self.monitoring = MonitoringCalls(transport)
        self.audit = AuditCalls(transport)
        self.corrections = CorrectionsCalls(transport)
        self.prices = PricesCalls(transport)
        self.aliases = AliasesCalls(transport)
