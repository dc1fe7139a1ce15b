"""The official OpenAI client making images, speaking, listening and judging."""

import io

import openai
from outcome import finish, raised, returned, settings

KEYS = settings["keys"]


def client(key):
    return openai.OpenAI(api_key=KEYS[key], base_url=settings["url"] + "/v1", max_retries=0)


good = client("good")

made = good.images.generate(model="dall-e-3", prompt="a river", n=2, quality="hd", size="1024x1792")
returned("dall-e", [len(made.data), made.data[0].url])

made = good.images.generate(model="gpt-image-2", prompt="a river", size="1024x1024")
returned("image", [bool(made.data[0].b64_json), made.usage.output_tokens])

events = list(good.images.generate(
    model="gpt-image-2", prompt="a river", stream=True, partial_images=2))
returned("image_stream", [event.type for event in events])

picture = ("a.png", io.BytesIO(b"PNG" * 10), "image/png")
made = good.images.edit(model="gpt-image-2", image=[picture, picture], prompt="a hat")
returned("edit", made.usage.input_tokens_details.image_tokens)

spoken = good.audio.speech.create(model="tts-1", voice="alloy", input="Hello, horse")
returned("speech", len(spoken.read()))

with good.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="Hello") as streamed:
    returned("speech_stream", sum(len(piece) for piece in streamed.iter_bytes()))

sound = lambda: ("a.mp3", io.BytesIO(b"\xff\xf3\r\n--" * 1_000), "audio/mpeg")
heard = good.audio.transcriptions.create(model="whisper-1", file=sound())
returned("heard", [heard.text, heard.usage.seconds])

heard = good.audio.transcriptions.create(
    model="whisper-1", file=sound(), response_format="verbose_json",
    timestamp_granularities=["segment"])
returned("heard_verbose", heard.duration)

heard = good.audio.transcriptions.create(model="whisper-1", file=sound(), response_format="srt")
returned("heard_as_subtitles", heard)

events = list(good.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound(), stream=True))
returned("heard_stream", [event.type for event in events])

heard = good.audio.translations.create(model="whisper-1", file=sound())
returned("translated", heard.text)

judged = good.moderations.create(model="omni-moderation-latest", input=["Hello", "horse"])
returned("judged", [len(judged.results), judged.results[0].flagged])

ranked = good.post("/rerank", cast_to=object, body={
    "model": "rerank-v3.5", "query": "river", "documents": ["Rhine", "Danube"]})
returned("ranked", len(ranked["results"]))


def describe(error):
    return {
        "status": error.status_code,
        "code": error.code,
        "type": error.type,
        "message": error.message,
        "has_request_id": bool(error.request_id),
        "should_retry": error.response.headers.get("x-should-retry"),
    }


def fails(status, key, model="whisper-1"):
    with_key = client(key)
    calls = range(5 if status == "429" else 1)
    call = lambda: [with_key.audio.transcriptions.create(model=model, file=sound()) for _ in calls]
    raised(status, call, describe)


fails("401", "wrong")
fails("403", "narrow")
fails("404", "good", model="whisper-9")
fails("429", "slow")
raised("402", lambda: client("poor").images.generate(model="dall-e-3", prompt="a river"), describe)
finish()
