# Written by `make python-client` from src/server/openapi.json: edit that.
"""Objects within what is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from paddock_client.models import (
    Priority,
)


class RoutingConditionsInput(TypedDict):
    """What a request must be like. What is absent does not matter."""

    batch_mode: NotRequired[bool | None]
    """Whether the request says that it can wait."""
    max_output_tokens: NotRequired[int | None]
    """The request asks for at most so many output tokens. One that sets no limit asks for more."""
    model_capability_required: NotRequired[str | None]
    """The request needs this of a model. It is then served only by models that have it, or that do
    not say what they can do.
    """
    priority: NotRequired[Priority | None]
    """The request's priority; its namespace's if it has none of its own."""
    system_prompt_contains: NotRequired[Sequence[str] | str | None]
    """The system prompt contains this text, or one of these, whatever their case."""
    temperature: NotRequired[float | None]
    """The request sets a temperature of at most this. One that sets none has the provider's own."""


class RoutingRuleInput(TypedDict):
    """One rule."""

    fallback: NotRequired[str | None]
    """The model that serves them if the target may not be used."""
    match_conditions: NotRequired[RoutingConditionsInput | None]
    """All of them must hold; a rule without conditions matches every request."""
    name: str
    """Unique in its routing: visible ASCII and blanks, because it is sent in a header."""
    target_model: str
    """The model that serves the requests that the rule matches."""


class CoversInput(TypedDict):
    """Which calls a budget covers: those that each list has that is there."""

    models: NotRequired[Sequence[str] | None]
    """Models, names or aliases; at most 64."""
    namespaces: NotRequired[Sequence[str] | None]
    """Namespaces of the organization that share it; at most 64."""
    tags: NotRequired[Sequence[str] | None]
    """Labels, of which the key of a call or its namespace has one: texts, or `name:value`; at most
    64.
    """


class FormatPathsInput(TypedDict):
    """For each wire format, the path that replaces the `/v1` (or `/v1beta`) of the path that
    clients ask; an empty one replaces nothing. If no format has one, every format is served at
    the path that clients ask.
    """

    anthropic: NotRequired[str | None]
    """Anthropic's messages."""
    gemini: NotRequired[str | None]
    """Google's content generation and embeddings."""
    openai: NotRequired[str | None]
    """OpenAI's chat completions, completions and embeddings."""
    responses: NotRequired[str | None]
    """OpenAI's responses."""


class PriceStepInput(TypedDict):
    """Other prices of calls with long prompts. What is absent costs what it costs below."""

    above_tokens: int
    """The prompt has more tokens than this, cached ones included."""
    audio_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens read from the provider's cache."""
    image_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of images."""
    input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens."""
    output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens."""
    reasoning_usd_per_million: NotRequired[float | None]
    """US dollars per million tokens of reasoning."""


class PriceTierInput(TypedDict):
    """What a call costs that is served in a tier: either `percent`, or prices of its own. Of the
    latter what is absent costs what it costs in the standard tier.
    """

    audio_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens read from the provider's cache."""
    image_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of images."""
    input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens."""
    output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens."""
    percent: NotRequired[int | None]
    """Percent of the standard prices."""
    reasoning_usd_per_million: NotRequired[float | None]
    """US dollars per million tokens of reasoning."""
    steps: NotRequired[Sequence[PriceStepInput] | None]
    """Other prices of calls with long prompts."""


class DeploymentPriceInput(TypedDict):
    """What a call costs that a deployment serves. It follows nothing of the model's own price."""

    audio_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of audio."""
    audio_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of audio."""
    cache_write_1h_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for an hour."""
    cache_write_5m_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens written to the provider's cache for five minutes."""
    cached_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens read from the provider's cache."""
    fees_usd: NotRequired[Mapping[str, float] | None]
    """US dollars per call of the provider's tools."""
    image_input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens of images and video."""
    image_output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens of images."""
    input_usd_per_million: NotRequired[float | None]
    """US dollars per million input tokens."""
    output_usd_per_million: NotRequired[float | None]
    """US dollars per million output tokens."""
    reasoning_usd_per_million: NotRequired[float | None]
    """US dollars per million tokens of reasoning."""
    steps: NotRequired[Sequence[PriceStepInput] | None]
    """Other prices of calls with long prompts."""
    surcharges_percent: NotRequired[Mapping[str, int] | None]
    """Percent that are added in regions."""
    tiers: NotRequired[Mapping[str, PriceTierInput] | None]
    """What a call costs in other tiers."""
    units_usd: NotRequired[Mapping[str, float] | None]
    """US dollars per image, second, character, page and search."""


class DeploymentInput(TypedDict):
    """One of the places that serve a model."""

    paths: NotRequired[FormatPathsInput]
    """Where the upstream serves each wire format."""
    price: NotRequired[DeploymentPriceInput | None]
    """What a call costs that it serves; if left out, what the model costs."""
    priority: NotRequired[int]
    """One is tried before all of a higher number."""
    region: NotRequired[str | None]
    """Where it computes, in a word of yours: letters, digits, `-`, `_` and `.`."""
    upstream: str
    """The Envoy cluster that serves it."""
    upstream_model: NotRequired[str | None]
    """The upstream's name for the model, if that is another one."""
    weight: NotRequired[int]
    """Its part of the calls among those of its priority."""


class MediaTokensViewInput(TypedDict):
    """The most tokens of one medium within a prompt. Of what is absent, its bytes tell."""

    audio: NotRequired[int | None]
    """Of one sound."""
    document: NotRequired[int | None]
    """Of one document."""
    image: NotRequired[int | None]
    """Of one image."""
    video: NotRequired[int | None]
    """Of one video."""
