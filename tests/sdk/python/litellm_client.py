"""LiteLLM's SDK, as its users write it."""

import os

# It asks the network for prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from outcome import finish, returned, settings

# It prints hints on standard output.
litellm.suppress_debug_info = True

KEYS = settings["keys"]
HELLO = [{"role": "user", "content": "Hello, horse"}]
V1 = settings["url"] + "/v1"


def ask(model, base, key="good", **more):
    return litellm.completion(
        model=model, messages=HELLO, api_key=KEYS[key], api_base=base, max_tokens=100, **more)


chat = ask("openai/gpt-4.1", V1)
returned("chat", chat.usage.completion_tokens)
text = chat.choices[0].message.content

chunks = list(ask("openai/gpt-4.1", V1, stream=True))
returned("stream", "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text)

weather = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
returned("tools", ask("openai/gpt-4.1", V1, tools=[weather]).usage.completion_tokens)

# Its base URL of Anthropic may have `/v1` or not.
for name, base in [("anthropic", settings["url"]), ("anthropic_v1", V1)]:
    returned(name, ask("anthropic/claude-sonnet-4.5", base).usage.completion_tokens)

vectors = litellm.embedding(
    model="openai/text-embedding-3-small", input=["Hello, horse"], api_key=KEYS["good"], api_base=V1)
returned("embeddings", vectors.usage.total_tokens)


def refusal(key, model="openai/gpt-4.1"):
    """The class and the status of the last of some calls' errors, without retries of its own."""
    try:
        for _ in range(5):
            ask(model, V1, key, num_retries=0)
    except Exception as error:
        return [type(error).__name__, error.status_code]


returned("refused", [refusal("wrong"), refusal("good", "openai/gpt-9"), refusal("slow")])
finish()
