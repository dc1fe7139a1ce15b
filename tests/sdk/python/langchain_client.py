"""LangChain's clients of OpenAI and Anthropic, as their users write them."""

from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from outcome import finish, raised, returned, settings

KEYS = settings["keys"]
HELLO = "Hello, horse"


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


def openai(key="good", model="gpt-4.1", **more):
    return ChatOpenAI(model=model, api_key=KEYS[key], base_url=settings["url"] + "/v1", **more)


def told(answer):
    return [bool(answer.text), answer.usage_metadata["output_tokens"]]


# With a base URL of one's own it asks for usage only if it is told to.
chat = openai(stream_usage=True)
plain = chat.invoke(HELLO)
returned("chat", told(plain))

pieces = list(chat.stream(HELLO))
whole = pieces[0]
for piece in pieces[1:]:
    whole += piece
returned("stream", [whole.text == plain.text, whole.usage_metadata["output_tokens"]])

returned("tools", told(chat.bind_tools([weather]).invoke(HELLO)))
returned("response", told(openai(use_responses_api=True).invoke(HELLO)))

claude = ChatAnthropic(
    model="claude-sonnet-4.5", api_key=KEYS["good"], base_url=settings["url"], max_tokens=100)
returned("anthropic", told(claude.invoke(HELLO)))
pieces = [piece.text for piece in claude.stream(HELLO)]
returned("anthropic_stream", "".join(pieces) == plain.text)

# It sends numbers of tokens in the place of texts, unless told otherwise.
embeddings = OpenAIEmbeddings(
    model="text-embedding-3-small", api_key=KEYS["good"], base_url=settings["url"] + "/v1",
    check_embedding_ctx_length=False)
returned("embeddings", len(embeddings.embed_query(HELLO)))


def describe(error):
    return {
        "status": error.status_code,
        "code": error.code,
        "type": error.type,
        "message": error.message,
        "has_request_id": bool(error.request_id),
        "should_retry": error.response.headers.get("x-should-retry"),
    }


def fails(status, key, **more):
    retries, calls = ({"max_retries": 0}, 5) if status == "429" else ({}, 1)
    client = openai(key, **retries, **more)
    raised(status, lambda: [client.invoke(HELLO) for _ in range(calls)], describe)


fails("401", "wrong")
fails("402", "poor", max_tokens=100_000)
fails("403", "narrow")
fails("404", "good", model="gpt-9")
fails("429", "slow")
finish()
