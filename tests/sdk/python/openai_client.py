"""The official OpenAI client, as its users write it."""

import openai
from outcome import finish, raised, returned, settings

KEYS = settings["keys"]
HELLO = [{"role": "user", "content": "Hello, horse"}]


def client(key, **more):
    return openai.OpenAI(api_key=KEYS[key], base_url=settings["url"] + "/v1", **more)


good = client("good")

chat = good.chat.completions.create(model="gpt-4.1", messages=HELLO)
returned("chat", [chat.model, chat.usage.prompt_tokens, chat.usage.completion_tokens])

chunks = list(good.chat.completions.create(model="gpt-4.1", messages=HELLO, stream=True))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
returned("stream", [text == chat.choices[0].message.content, [c.usage for c in chunks if c.usage]])

chunks = list(good.chat.completions.create(
    model="gpt-4.1", messages=HELLO, stream=True, stream_options={"include_usage": True}))
returned("stream_with_usage", [len(chunks[-1].choices), chunks[-1].usage.completion_tokens])

response = good.responses.create(model="gpt-4.1", input="Hello, horse")
returned("response", [response.output_text == text, response.usage.output_tokens])

events = list(good.responses.create(model="gpt-4.1", input="Hello, horse", stream=True))
returned("response_stream", [events[-1].type, events[-1].response.usage.output_tokens])

# This client asks for base64 unless told otherwise.
vectors = good.embeddings.create(model="text-embedding-3-small", input=["Hello, horse", "abcd"])
returned("embeddings", [len(vectors.data), len(vectors.data[0].embedding), vectors.usage.total_tokens])

models = [model.id for model in good.models.list()]
returned("models", "gpt-4.1" in models)

for model in ["claude-sonnet-4.5", "gemini-2.5-flash", "deepseek-v3.2"]:
    chat = good.chat.completions.create(model=model, messages=HELLO)
    returned(model, chat.usage.completion_tokens)

aliased = good.chat.completions.with_raw_response.create(model="gpt4", messages=HELLO)
returned("alias", [aliased.headers["x-paddock-model"], aliased.parse().model])


def describe(error):
    return {
        "status": error.status_code,
        "code": error.code,
        "type": error.type,
        "message": error.message,
        "has_request_id": bool(error.request_id),
        "should_retry": error.response.headers.get("x-should-retry"),
    }


def fails(status, key, model="gpt-4.1", **more):
    # The client retries as it does by itself, but for a rate, which it would wait for; and a rate
    # is exceeded by the second call at the latest.
    retries, calls = ({"max_retries": 0}, range(5)) if status == "429" else ({}, range(1))
    with_key = client(key, **retries)
    call = lambda: [with_key.chat.completions.create(model=model, messages=HELLO, **more) for _ in calls]
    raised(status, call, describe)


fails("401", "wrong")
fails("402", "poor", max_tokens=100_000)
fails("403", "narrow")
fails("404", "good", model="gpt-9")
fails("429", "slow")
finish()
