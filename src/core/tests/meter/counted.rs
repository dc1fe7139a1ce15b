//! Answers that are counted in images, seconds, characters and searches, as providers give them.

use crate::{events, run};
use paddock_core::meter::{Framing, Meter, Reading};
use paddock_core::units::{Unit, Units};
use paddock_core::usage::TokenUsage;

/// What is read of a body at any chunking.
fn read(unit: Unit, body: &str) -> Reading {
    let bytes = body.as_bytes();
    let claimed = match body.starts_with("data:") {
        true => Framing::EventStream,
        false => Framing::Json,
    };
    let whole = run(Meter::of_unit(unit, claimed), [bytes]).0;
    for size in [1, 7, 100] {
        let (reading, passed) = run(Meter::of_unit(unit, claimed), bytes.chunks(size));
        assert_eq!(reading, whole, "{size}: {body}");
        assert_eq!(passed, bytes);
    }
    whole
}

fn tokens(input: u64, output: u64) -> TokenUsage {
    TokenUsage {
        input,
        output,
        ..TokenUsage::default()
    }
}

#[test]
fn images_are_counted_and_their_tokens_are_of_images() {
    let inline = r#"{"created":1,"data":[{"b64_json":"aGk=","revised_prompt":"x"},{"b64_json":"aGk="}],
        "usage":{"total_tokens":4210,"input_tokens":50,"output_tokens":4160,
        "input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#;
    let reading = read(Unit::Image, inline);
    assert_eq!(reading.units, Units::of(Unit::Image, 2));
    let expected = TokenUsage {
        image_input: 40,
        image_output: 4_160,
        ..tokens(50, 4_160)
    };
    assert_eq!(reading.usage, Some(expected));
    assert!(reading.closed && !reading.failed);
    let split = inline.replace(
        r#""input_tokens_details""#,
        r#""output_tokens_details":{"image_tokens":4000,"text_tokens":160},"input_tokens_details""#,
    );
    let usage = read(Unit::Image, &split).usage.unwrap();
    assert_eq!((usage.output, usage.image_output), (4_160, 4_000));
    let long = format!("https://images.test/{}", "a".repeat(500));
    let linked =
        format!(r#"{{"data":[{{"url":"{long}"}},{{"url":"{long}"}},{{"url":"{long}"}}]}}"#);
    let reading = read(Unit::Image, &linked);
    assert_eq!((reading.units.get(Unit::Image), reading.usage), (3, None));
    let none = read(Unit::Image, r#"{"error":{"message":"no"}}"#);
    assert!(none.failed && none.units.is_empty());
}

#[test]
fn each_image_of_a_stream_has_tokens_of_its_own() {
    let partial =
        r#"{"type":"image_generation.partial_image","b64_json":"aGk=","partial_image_index":0}"#;
    let done = r#"{"type":"image_generation.completed","b64_json":"aGk=","size":"1024x1024",
        "usage":{"total_tokens":110,"input_tokens":10,"output_tokens":100}}"#
        .replace('\n', "");
    let reading = read(Unit::Image, &events([partial, &done, partial, &done]));
    assert_eq!(reading.units, Units::of(Unit::Image, 2));
    let expected = TokenUsage {
        image_output: 200,
        ..tokens(20, 200)
    };
    assert_eq!(reading.usage, Some(expected));
    assert!(reading.ended);
    let cut = read(Unit::Image, &events([partial]));
    assert!(!cut.ended && cut.units.is_empty() && cut.usage.is_none());
}

#[test]
fn sound_is_counted_in_seconds_that_have_begun_or_in_tokens() {
    for (body, seconds) in [
        (
            r#"{"text":"Hi","usage":{"type":"duration","seconds":9}}"#,
            9,
        ),
        (
            r#"{"text":"Hi","usage":{"type":"duration","seconds":8.2}}"#,
            9,
        ),
        (
            r#"{"task":"transcribe","duration":8.470000267028809,"text":"Hi"}"#,
            9,
        ),
        (r#"{"duration" : 8 }"#, 8),
        (r#"{"duration":"8.47","text":"Hi"}"#, 9),
        (
            r#"{"text":"Hi","segments":[{"duration":77}],"x":{"duration":5}}"#,
            0,
        ),
        (r#"{"text":"Hi","duration":null}"#, 0),
        (r#"{"duration":1e99}"#, 0),
        (r#"{"duration":[3],"text":"duration: 4"}"#, 0),
        (
            r#"{"duration":3,"usage":{"type":"duration","seconds":4}}"#,
            4,
        ),
    ] {
        assert_eq!(
            read(Unit::Second, body).units.get(Unit::Second),
            seconds,
            "{body}"
        );
    }
    let usage = r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,
        "audio_tokens":14},"output_tokens":45,"total_tokens":59}"#
        .replace('\n', "");
    let expected = TokenUsage {
        audio_input: 14,
        ..tokens(14, 45)
    };
    let json = read(Unit::Second, &format!(r#"{{"text":"Hi","usage":{usage}}}"#));
    assert_eq!(json.usage, Some(expected));
    let delta = r#"{"type":"transcript.text.delta","delta":"Hi"}"#;
    let done = format!(r#"{{"type":"transcript.text.done","text":"Hi","usage":{usage}}}"#);
    let stream = read(Unit::Second, &events([delta, &done]));
    assert_eq!((stream.usage, stream.ended), (Some(expected), true));
    assert!(!read(Unit::Second, &events([delta])).ended);
}

#[test]
fn spoken_text_has_tokens_in_a_stream_and_sound_is_passed_unread() {
    let delta = r#"{"type":"speech.audio.delta","audio":"aGk="}"#;
    let done = r#"{"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}"#;
    let reading = read(Unit::Character, &events([delta, done]));
    let expected = TokenUsage {
        audio_output: 101,
        ..tokens(14, 101)
    };
    assert_eq!((reading.usage, reading.ended), (Some(expected), true));
    for sound in [
        &b"{\"usage\":{\"input_tokens\":7}}"[..],
        b"data: x\n\n",
        b"\xff\xf3\x00",
    ] {
        let meter = Meter::of_unit(Unit::Character, Framing::Opaque);
        let (reading, passed) = run(meter, sound.chunks(3));
        assert_eq!((reading.usage, reading.ended), (None, true));
        assert_eq!(passed, sound);
    }
}

#[test]
fn searches_are_counted_in_units_or_tokens() {
    let cohere = r#"{"id":"r1","results":[{"index":0,"relevance_score":0.9}],
        "meta":{"api_version":{"version":"2"},"billed_units":{"search_units":3.0}}}"#;
    let reading = read(Unit::SearchUnit, cohere);
    assert_eq!(reading.units, Units::of(Unit::SearchUnit, 3));
    let voyage = r#"{"object":"list","data":[{"index":0}],"model":"rerank-2.5","usage":{"total_tokens":26}}"#;
    let reading = read(Unit::SearchUnit, voyage);
    assert_eq!(
        (reading.units.is_empty(), reading.usage),
        (true, Some(tokens(26, 0)))
    );
    let jina = r#"{"results":[],"usage":{"total_tokens":815,"prompt_tokens":815}}"#;
    assert_eq!(read(Unit::SearchUnit, jina).usage, Some(tokens(815, 0)));
}
