//! What requests ask for that are charged by the piece, as JSON and as forms.

use super::super::*;
use crate::units::{Unit, Units};

fn read(endpoint: &Endpoint, body: &[u8]) -> ModelRequest<'static> {
    let endpoint: &'static Endpoint = Box::leak(Box::new(endpoint.clone()));
    let body: &'static [u8] = Box::leak(body.to_vec().into_boxed_slice());
    read_body(endpoint, body).unwrap()
}

/// A form of these fields; those that begin with `@` are files.
fn form(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, value) in fields {
        let (name, file) = match name.strip_prefix('@') {
            Some(name) => (name, "; filename=\"a\""),
            None => (*name, ""),
        };
        let head = format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        form.extend(head.as_bytes());
        form.extend(*value);
        form.extend(b"\r\n");
    }
    form.extend(b"--b0--\r\n");
    form
}

#[test]
fn images_characters_and_searches_are_counted_before_they_are_sent() {
    let images = read(
        &Endpoint::ImageGenerations,
        br#"{"model":"m","prompt":"a river","n":3,"quality":"HD","size":"1024x1792"}"#,
    );
    assert_eq!(images.units, Units::of(Unit::Image, 3));
    assert_eq!((&*images.quality, &*images.size), ("hd", "1024x1792"));
    assert!(images.image_output && images.choices == 3);
    let auto = read(
        &Endpoint::ImageGenerations,
        br#"{"model":"m","prompt":"x","quality":"auto","size":"auto","stream":true}"#,
    );
    assert_eq!(auto.units, Units::of(Unit::Image, 1));
    assert_eq!((&*auto.quality, &*auto.size, auto.stream), ("", "", true));
    let speech = read(
        &Endpoint::Speech,
        "{\"model\":\"m\",\"input\":\"Grüße, 世界\",\"voice\":\"alloy\",\"speed\":1.5}".as_bytes(),
    );
    assert_eq!(speech.units, Units::of(Unit::Character, 9));
    assert!(speech.audio_output && speech.prompt.text_bytes >= 15);
    let search = |documents: &str| {
        let body =
            format!(r#"{{"model":"m","query":"which river","documents":[{documents}],"top_n":2}}"#);
        read(&Endpoint::Rerank, body.as_bytes())
    };
    let few = search(r#""one","two",{"text":"three"}"#);
    assert_eq!(few.units, Units::of(Unit::SearchUnit, 1));
    assert!(
        few.prompt.text_bytes > 33,
        "each document is read with the query"
    );
    let many = search(&vec![r#""a""#; 101].join(","));
    assert_eq!(
        many.units,
        Units::of(Unit::SearchUnit, 2),
        "a hundred documents are one"
    );
    let long = search(&format!("\"{}\"", "word ".repeat(40_000)));
    assert!(
        long.units.get(Unit::SearchUnit) == 3,
        "long ones count as several"
    );
    let moderation = read(
        &Endpoint::Moderations,
        br#"{"model":"m","input":["a","b"]}"#,
    );
    assert!(moderation.units.is_empty());
}

#[test]
fn a_form_is_read_like_an_object() {
    let sound = [0u8; 7_500];
    let body = form(&[
        ("@file", &sound),
        ("model", b"whisper-1"),
        ("response_format", b"text"),
        ("timestamp_granularities[]", b"word"),
        ("stream", b"true"),
    ]);
    let request = read(&Endpoint::Transcriptions, &body);
    assert_eq!((&*request.model, request.stream), ("whisper-1", true));
    assert_eq!(request.units, Units::of(Unit::Second, 10));
    assert_eq!(
        (request.prompt.audio.count, request.prompt.audio.bytes),
        (1, 7_500)
    );
    let linked = form(&[("url", b"https://sounds.test/a.mp3"), ("model", b"m")]);
    let request = read(&Endpoint::Translations, &linked);
    assert_eq!(request.references.urls, 1);
    assert!(request.units.get(Unit::Second) > 30_000);
    let edit = form(&[
        ("model", b"gpt-image-1"),
        ("@image[]", b"PNG"),
        ("@image[]", b"PNG"),
        ("@mask", b"PNG"),
        ("prompt", b"a hat"),
        ("n", b"2"),
        ("size", b"1024x1024"),
    ]);
    let request = read(&Endpoint::ImageEdits, &edit);
    assert_eq!(request.units, Units::of(Unit::Image, 2));
    assert_eq!(
        (request.prompt.images.count, &*request.size),
        (3, "1024x1024")
    );
    let texts = texts(&edit);
    assert_eq!(texts.running, ["a hat"]);
    assert!(!texts.others.iter().any(|text| text == "PNG"));
    let json = br#"{"model":"m","prompt":"a hat","images":[{"file_id":"file-1"},{"image_url":"https://a.test/b.png"}]}"#;
    let request = read(&Endpoint::ImageEdits, json);
    assert_eq!(request.references.stored, ["file-1"]);
    assert_eq!(request.references.urls, 1);
}

#[test]
fn the_model_of_a_form_is_renamed_in_its_place() {
    let body = form(&[("model", b"mine"), ("@file", b"RIFF"), ("prompt", b"mine")]);
    let request = read(&Endpoint::Transcriptions, &body);
    let to = Rewrite {
        model: Some("whisper-1"),
        ..Rewrite::default()
    };
    let renamed = form(&[
        ("model", b"whisper-1"),
        ("@file", b"RIFF"),
        ("prompt", b"mine"),
    ]);
    assert_eq!(request.rewrite(&body, &to), Some(renamed));
    assert_eq!(request.rewrite(&body, &Rewrite::default()), None);
}

#[test]
fn what_a_provider_might_read_otherwise_is_refused() {
    let error = |body: &[u8]| {
        read_body(&Endpoint::Transcriptions, body)
            .unwrap_err()
            .to_string()
    };
    let model: (&str, &[u8]) = ("model", b"m");
    for (fields, expected) in [
        (vec![model, model], "`model` is ambiguous"),
        (vec![("Model", b"m".as_slice())], "`model` is ambiguous"),
        (vec![("@model", b"m")], "`model` is ambiguous"),
        (vec![("model[]", b"m")], "`model` is ambiguous"),
        (vec![("model ", b"m")], "`model` is ambiguous"),
        (vec![("model", b"\xff")], "`model` must be UTF-8"),
        (vec![("@file", b"RIFF")], "`model` is missing"),
        (
            vec![model, ("stream", b"maybe")],
            "`stream` must be true or false",
        ),
    ] {
        let message = error(&form(&fields));
        assert!(message.starts_with(expected), "{message}");
    }
    assert!(error(br#"{"model":"m"}"#).contains("must be a form"));
    let edit = read_body(&Endpoint::ImageEdits, b"--b0 no form").unwrap_err();
    assert!(edit.to_string().contains("must be a form"));
    let chat = read_body(&Endpoint::ChatCompletions, &form(&[model])).is_err();
    assert!(chat, "only some endpoints take forms");
}
