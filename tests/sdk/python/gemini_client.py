"""Google's official client, as its users write it."""

from google import genai
from outcome import finish, raised, returned, settings

KEYS = settings["keys"]
MODEL = "gemini-2.5-flash"
HELLO = "Hello, horse"


def client(key):
    return genai.Client(api_key=KEYS[key], http_options={"base_url": settings["url"]})


good = client("good")

answer = good.models.generate_content(model=MODEL, contents=HELLO)
usage = answer.usage_metadata
returned("content", [usage.prompt_token_count, usage.candidates_token_count])

parts = list(good.models.generate_content_stream(model=MODEL, contents=HELLO))
text = "".join(part.text for part in parts)
returned("stream", [text == answer.text, parts[-1].usage_metadata.candidates_token_count])

count = good.models.count_tokens(model=MODEL, contents=HELLO)
returned("count", count.total_tokens)

vectors = good.models.embed_content(model="gemini-embedding-001", contents=[HELLO, "abcd"])
returned("embeddings", [len(vectors.embeddings), len(vectors.embeddings[0].values)])


def describe(error):
    body = error.details["error"]
    return {
        "status": error.code,
        "code": body["reason"],
        "type": error.status,
        "message": error.message,
        "has_request_id": "x-request-id" in error.response.headers,
        "should_retry": error.response.headers.get("x-should-retry"),
    }


def fails(status, key, model=MODEL, **config):
    with_key = client(key)
    # A rate is exceeded by the second call at the latest; this client never retries by itself.
    calls = range(5 if status == "429" else 1)
    ask = lambda: with_key.models.generate_content(model=model, contents=HELLO, config=config)
    call = lambda: [ask() for _ in calls]
    raised(status, call, describe)


fails("401", "wrong")
fails("402", "poor", max_output_tokens=60_000)
fails("403", "narrow")
fails("404", "good", model="gemini-9")
fails("429", "slow")
finish()
