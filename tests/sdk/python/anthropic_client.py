"""The official Anthropic client, as its users write it."""

import anthropic
from outcome import finish, raised, returned, settings

KEYS = settings["keys"]
MODEL = "claude-sonnet-4.5"
HELLO = [{"role": "user", "content": "Hello, horse"}]


def client(key, **more):
    return anthropic.Anthropic(api_key=KEYS[key], base_url=settings["url"], **more)


good = client("good")

message = good.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
returned("message", [message.model, message.usage.input_tokens, message.usage.output_tokens])

with good.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
    text = "".join(stream.text_stream)
    final = stream.get_final_message()
returned("stream", [text == message.content[0].text, final.usage.output_tokens, final.stop_reason])

events = list(good.messages.create(model=MODEL, max_tokens=100, messages=HELLO, stream=True))
returned("events", [events[0].type, events[-1].type])

count = good.messages.count_tokens(model=MODEL, messages=HELLO)
returned("count", count.input_tokens)


def describe(error):
    body = error.body["error"]
    return {
        "status": error.status_code,
        "code": body["code"],
        "type": body["type"],
        "message": body["message"],
        "has_request_id": bool(error.request_id),
        "should_retry": error.response.headers.get("x-should-retry"),
    }


def fails(status, key, model=MODEL, max_tokens=100):
    # The client retries as it does by itself, but for a rate, which it would wait for; and a rate
    # is exceeded by the second call at the latest.
    retries, calls = ({"max_retries": 0}, range(5)) if status == "429" else ({}, range(1))
    with_key = client(key, **retries)
    call = lambda: [with_key.messages.create(model=model, max_tokens=max_tokens, messages=HELLO) for _ in calls]
    raised(status, call, describe)


fails("401", "wrong")
fails("402", "poor", max_tokens=20_000)
fails("403", "narrow")
fails("404", "good", model="claude-9")
fails("429", "slow")
finish()
