//! Images, sounds, videos and documents: which is which, and what they can come to.

use super::{gemini, read};
use crate::policy::MediaTokens;
use crate::request::{Endpoint, GeminiVerb, Media, ModelRequest, PromptSize};
use proptest::prelude::*;

/// 900 bytes.
fn base64() -> String {
    "QUJD".repeat(300)
}

fn media(count: u64, bytes: u64) -> Media {
    Media { count, bytes }
}

/// The media of a body whose one message has such a part, or parts.
fn of_part(part: &str) -> (PromptSize, u64) {
    let part = part.replace("B64", &base64());
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
    let request = read(&Endpoint::Messages, &body).unwrap();
    let mut size = request.prompt;
    (size.text_bytes, size.objects) = (0, 0);
    (size, request.references.urls)
}

#[test]
fn inline_media_are_told_by_kind_in_every_dialect_and_order() {
    let images = PromptSize {
        images: media(1, 900),
        ..PromptSize::default()
    };
    let documents = PromptSize {
        documents: media(1, 900),
        ..PromptSize::default()
    };
    let audio = PromptSize {
        audio: media(1, 900),
        ..PromptSize::default()
    };
    let video = PromptSize {
        video: media(1, 900),
        ..PromptSize::default()
    };
    let unknown = PromptSize {
        unknown_media: media(1, 900),
        ..PromptSize::default()
    };
    let text = PromptSize::default();
    for (part, expected) in [
        (
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,B64"}}"#,
            images,
        ),
        (r#"{"image_url":{"url":"data:;base64,B64"}}"#, images),
        (
            r#"{"image_url":{"url":"data:application/pdf;base64,B64"}}"#,
            documents,
        ),
        (
            r#"{"type":"input_image","image_url":"data:image/png;base64,B64"}"#,
            images,
        ),
        (
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"B64"}}"#,
            images,
        ),
        (r#"{"type":"image","source":{"data":"B64"}}"#, images),
        (r#"{"source":{"data":"B64"},"type":"image"}"#, images),
        (
            r#"{"source":{"data":"B64","media_type":"image/png"}}"#,
            images,
        ),
        (
            r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"B64"}}"#,
            documents,
        ),
        (
            r#"{"type":"file","file":{"filename":"a.pdf","file_data":"B64"}}"#,
            documents,
        ),
        (
            r#"{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,B64"}"#,
            documents,
        ),
        (
            r#"{"type":"input_audio","input_audio":{"data":"B64","format":"wav"}}"#,
            audio,
        ),
        (r#"{"input_audio":{"format":"wav","data":"B64"}}"#, audio),
        (
            r#"{"type":"video_url","video_url":{"url":"data:video/mp4;base64,B64"}}"#,
            video,
        ),
        (
            r#"{"inlineData":{"mimeType":"video/mp4","data":"B64"}}"#,
            video,
        ),
        (
            r#"{"inline_data":{"data":"B64","mime_type":"AUDIO/mp3"}}"#,
            audio,
        ),
        (
            r#"{"inlineData":{"mimeType":"image/png","data":"B64"}}"#,
            images,
        ),
        (
            r#"{"type":"image_generation_call","id":"ig_1","result":"B64"}"#,
            images,
        ),
        (
            r#"{"type":"tool_result","content":[{"type":"image","source":{"data":"B64"}}]}"#,
            images,
        ),
        (r#"{"b64_json":"B64"}"#, images),
        // What nothing tells may be anything.
        (r#"{"type":"new","data":"B64"}"#, unknown),
        (r#"{"source":{"data":"B64"}}"#, unknown),
        // What looks so and is none.
        (r#"{"type":"redacted_thinking","data":"B64"}"#, text),
        (
            r#"{"type":"text","text":"data:image/png;base64,B64"}"#,
            text,
        ),
        (
            r#"{"type":"tool_use","id":"t","input":{"data":"B64","url":"https://a.test/b.png"}}"#,
            text,
        ),
        (r#"{"type":"text","data":"plain text"}"#, text),
        (r#"{"data":"QUJD"}"#, text),
        (r#"{"url":"data:text/plain,hello there"}"#, text),
    ] {
        assert_eq!(of_part(part), (expected, 0), "{part}");
    }
    let (both, _) = of_part(
        r#"{"type":"image","source":{"data":"B64"}},{"type":"document","source":{"data":"B64"}}"#,
    );
    assert_eq!(
        (both.images, both.documents),
        (media(1, 900), media(1, 900))
    );
}

#[test]
fn what_is_no_medium_is_measured_as_text() {
    let body = format!(
        r#"{{"model":"m","messages":[{{"type":"redacted_thinking","data":"{}"}}]}}"#,
        base64()
    );
    let request = read(&Endpoint::Messages, &body).unwrap();
    assert_eq!(request.prompt.text_bytes, 4 + 17 + 4 + 1_200);
    let link = format!(r#"{{"url":"https://{}"}}"#, "x".repeat(9_000));
    assert_eq!(
        of_part(&link),
        (PromptSize::default(), 0),
        "too long an address"
    );
}

#[test]
fn media_by_url_are_references_and_links_in_texts_are_not() {
    for (part, urls) in [
        (
            r#"{"type":"image_url","image_url":{"url":"https://pics.test/a.png"}}"#,
            1,
        ),
        (
            r#"{"type":"input_image","image_url":"http://pics.test/a.png"}"#,
            1,
        ),
        (
            r#"{"type":"image","source":{"type":"url","url":"https://pics.test/a.png"}}"#,
            1,
        ),
        (
            r#"{"source":{"url":"https://a.test/a.pdf","type":"url"},"type":"document"}"#,
            1,
        ),
        (
            r#"{"type":"input_file","file_url":"https://a.test/a.pdf"}"#,
            1,
        ),
        (
            r#"{"type":"document_url","document_url":"https://a.test/a.pdf"}"#,
            1,
        ),
        (
            r#"{"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}}"#,
            1,
        ),
        (r#"{"video_url":{"url":"https://a.test/a.mp4"}}"#, 1),
        (r#"{"role":"assistant","audio":{"id":"audio_1"}}"#, 1),
        (r#"{"type":"text","text":"https://pics.test/a.png"}"#, 0),
        (
            r#"{"type":"output_text","annotations":[{"type":"url_citation","url":"https://a.test"}]}"#,
            0,
        ),
        (
            r#"{"type":"text","citations":[{"url":"https://a.test"}]}"#,
            0,
        ),
        (
            r#"{"type":"web_search_call","action":{"type":"open_page","url":"https://a.test"}}"#,
            0,
        ),
        (
            r#"{"type":"web_search_tool_result","content":[{"type":"web_search_result","url":"https://a.test"}]}"#,
            0,
        ),
    ] {
        assert_eq!(of_part(part).1, urls, "{part}");
    }
}

#[test]
fn media_come_to_what_their_kind_and_bytes_can() {
    let size = PromptSize {
        images: media(2, 10),
        documents: media(1, 1_000_000),
        audio: media(1, 8_000),
        video: media(1, 70_000),
        ..PromptSize::default()
    };
    let unset = MediaTokens::default();
    assert_eq!(size.image_tokens(&unset), 100_000 + 2_000_000);
    assert_eq!(size.audio_tokens(&unset), 1_000 + 70_000);
    let set = MediaTokens {
        image: Some(1_600),
        document: Some(200_000),
        audio: Some(10),
        video: Some(20),
    };
    assert_eq!(size.image_tokens(&set), 3_200 + 200_000);
    assert_eq!(size.audio_tokens(&set), 10 + 20);
    let unknown = PromptSize {
        unknown_media: media(1, 900),
        ..PromptSize::default()
    };
    assert_eq!(unknown.audio_tokens(&unset), 50_000);
    assert_eq!(unknown.audio_tokens(&set), 200_000);
    let small = PromptSize {
        documents: media(3, 30),
        ..PromptSize::default()
    };
    assert_eq!(small.image_tokens(&unset), 15_000, "a page each");
}

#[test]
fn answers_may_be_sound_or_pictures() {
    let google = gemini(GeminiVerb::GenerateContent);
    for (endpoint, body, expected) in [
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","modalities":["text","audio"]}"#,
            (true, false),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","modalities":["image","text"]}"#,
            (false, true),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","modalities":["text"]}"#,
            (false, false),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","Modalities":["Audio"]}"#,
            (true, false),
        ),
        (
            &google,
            r#"{"generationConfig":{"responseModalities":["AUDIO"]}}"#,
            (true, false),
        ),
        (
            &google,
            r#"{"generationConfig":{"response_modalities":["TEXT","IMAGE"]}}"#,
            (false, true),
        ),
        (
            &google,
            r#"{"generationConfig":{"speechConfig":{"languageCode":"de-DE"}}}"#,
            (true, false),
        ),
        (
            &google,
            r#"{"generationConfig":{"imageConfig":{"aspectRatio":"1:1"}}}"#,
            (false, true),
        ),
        (
            &Endpoint::Responses,
            r#"{"model":"m","tools":[{"type":"image_generation"}]}"#,
            (false, true),
        ),
        (
            &Endpoint::Responses,
            r#"{"model":"m","input":"audio","modalities":null}"#,
            (false, false),
        ),
    ] {
        let ModelRequest {
            audio_output,
            image_output,
            ..
        } = read(endpoint, body).unwrap();
        assert_eq!((audio_output, image_output), expected, "{body}");
    }
}

proptest! {
    /// However many parts of whatever kinds: each medium is counted once, with its bytes.
    #[test]
    fn no_medium_is_lost(kinds in prop::collection::vec(0usize..6, 0..12), blocks in 257u64..600) {
        let data = "QUJD".repeat(usize::try_from(blocks).unwrap());
        let parts: Vec<String> = kinds.iter().map(|kind| match kind {
            0 => format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}"#),
            1 => format!(r#"{{"source":{{"data":"{data}"}},"type":"document"}}"#),
            2 => format!(r#"{{"input_audio":{{"data":"{data}"}}}}"#),
            3 => format!(r#"{{"inlineData":{{"data":"{data}","mimeType":"video/mp4"}}}}"#),
            4 => format!(r#"{{"x":{{"y":[{{"data":"{data}"}}]}}}}"#),
            _ => r#"{"type":"text","text":"nothing"}"#.to_owned(),
        }).collect();
        let body = format!(r#"{{"model":"m","input":[{{"content":[{}]}}]}}"#, parts.join(","));
        let size = read(&Endpoint::Responses, &body).unwrap().prompt;
        let found = [size.images, size.documents, size.audio, size.video, size.unknown_media];
        for (kind, found) in found.into_iter().enumerate() {
            let count = kinds.iter().filter(|other| **other == kind).count() as u64;
            prop_assert_eq!(found, media(count, count * blocks * 3));
        }
        let unset = MediaTokens::default();
        let most = size.image_tokens(&unset) + size.audio_tokens(&unset);
        prop_assert!(size.likely_tokens() <= size.ceiling_tokens() + most);
    }
}
