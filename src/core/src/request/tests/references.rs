//! What is stored at the provider and named by its id.

use super::{gemini, read};
use crate::request::{Endpoint, GeminiVerb};
use crate::stored::MOST_STORED;
use proptest::prelude::*;

const CHAT: Endpoint = Endpoint::ChatCompletions;
const RESPONSES: Endpoint = Endpoint::Responses;
const MESSAGES: Endpoint = Endpoint::Messages;

/// The stored ids of a body, or the field at fault.
fn stored(endpoint: &Endpoint, fields: &str) -> Result<Vec<String>, Option<&'static str>> {
    let body = format!(r#"{{"model":"gemini-2.5-flash",{fields}}}"#);
    let request = read(endpoint, &body).map_err(|error| error.param())?;
    let ids = request.references.stored.iter();
    Ok(ids.map(|id| id.clone().into_owned()).collect())
}

#[test]
fn what_is_stored_at_the_provider_is_told_by_its_id() {
    let google = gemini(GeminiVerb::GenerateContent);
    type Case<'a> = (&'a Endpoint, &'a str, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (
            &RESPONSES,
            r#""previous_response_id":"resp_1""#,
            &["resp_1"],
        ),
        (
            &RESPONSES,
            r#""previous_response_id":"resp_1","previous_response_id":"resp\u005f2""#,
            &["resp_1", "resp_2"],
        ),
        (
            &RESPONSES,
            r#""previous_response_id":null,"conversation":null,"prompt":null"#,
            &[],
        ),
        (&RESPONSES, r#""conversation":"conv_1""#, &["conv_1"]),
        (&RESPONSES, r#""conversation":{"id":"conv_1"}"#, &["conv_1"]),
        (
            &RESPONSES,
            r#""prompt":{"id":"pmpt_1","variables":{"a":{"type":"input_file","file_id":"file-1"}}}"#,
            &["file-1"],
        ),
        (&CHAT, r#""prompt":"text""#, &[]),
        (
            &RESPONSES,
            r#""input":[{"content":[{"type":"input_image","file_id":"file-1"},{"type":"input_file","file_id":"file-1"}]}]"#,
            &["file-1"],
        ),
        (
            &RESPONSES,
            r#""input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"id":"msg_3","type":null}]"#,
            &["msg_1", "msg_2", "msg_3"],
        ),
        (
            &RESPONSES,
            r#""input":[{"id":"msg_1","role":"assistant","content":"t"},{"type":"function_call","id":"fc_1","call_id":"c"}]"#,
            &[],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2"]}]"#,
            &["vs_1", "vs_2"],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"code_interpreter","container":"cntr_1"}]"#,
            &["cntr_1"],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["file-1"]}}]"#,
            &["file-1"],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"shell","environment":{"type":"container_reference","container_id":"cntr_1"}}]"#,
            &["cntr_1"],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"image_generation","input_image_mask":{"file_id":"file-1"}}]"#,
            &["file-1"],
        ),
        (
            &CHAT,
            r#""messages":[{"content":[{"type":"file","file":{"file_id":"file-1"}}]}]"#,
            &["file-1"],
        ),
        (
            &MESSAGES,
            r#""messages":[{"content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]}]"#,
            &["file_1"],
        ),
        (
            &MESSAGES,
            r#""messages":[{"content":[{"file_id":"file_1","type":"container_upload"}]}]"#,
            &["file_1"],
        ),
        (&MESSAGES, r#""container":"container_1""#, &["container_1"]),
        (
            &MESSAGES,
            r#""container":{"id":"container_1","skills":[{"type":"anthropic","skill_id":"pptx"},{"type":"custom","skill_id":"skill_01"}]}"#,
            &["container_1", "skill_01"],
        ),
        (
            &MESSAGES,
            r#""thread":{"type":"continue","previous_message_id":"msg_1"}"#,
            &["msg_1"],
        ),
        (
            &google,
            r#""cachedContent":"cachedContents/1""#,
            &["cachedContents/1"],
        ),
        (
            &google,
            r#""cached_content":"cachedContents/1""#,
            &["cachedContents/1"],
        ),
        (
            &google,
            r#""contents":[{"parts":[{"fileData":{"mimeType":"video/mp4","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}}]}]"#,
            &["files/abc"],
        ),
        (
            &google,
            r#""contents":[{"parts":[{"fileData":{"fileUri":"files/abc"}}]}]"#,
            &["files/abc"],
        ),
        (
            &google,
            r#""contents":[{"parts":[{"file_data":{"file_uri":"gs://bucket/a.pdf"}}]}]"#,
            &["gs://bucket/a.pdf"],
        ),
        (
            &google,
            r#""tools":[{"fileSearch":{"fileSearchStoreNames":["fileSearchStores/1"]}}]"#,
            &["fileSearchStores/1"],
        ),
        // What tools have written, what only tells of a cache, and what is anybody's own.
        (
            &MESSAGES,
            r#""messages":[{"content":[{"type":"bash_code_execution_tool_result","content":{"content":[{"type":"bash_code_execution_output","file_id":"f"}]}}]}]"#,
            &[],
        ),
        (
            &RESPONSES,
            r#""input":[{"content":[{"type":"output_text","annotations":[{"type":"file_citation","file_id":"f"}]}]},{"type":"file_search_call","id":"fs","results":[{"file_id":"f"}]}]"#,
            &[],
        ),
        (
            &MESSAGES,
            r#""diagnostics":{"previous_message_id":"msg_1"}"#,
            &[],
        ),
        (
            &MESSAGES,
            r#""messages":[{"content":[{"type":"tool_use","id":"t","input":{"file_id":"f","id":"x"}}]}],"metadata":{"file_id":"f"}"#,
            &[],
        ),
        (
            &MESSAGES,
            r#""tools":[{"name":"t","input_schema":{"default":{"file_id":"f"}}}]"#,
            &[],
        ),
        (
            &google,
            r#""contents":[{"parts":[{"functionResponse":{"response":{"file_id":"f"}}}]}]"#,
            &[],
        ),
    ];
    for (endpoint, fields, expected) in cases {
        assert_eq!(stored(endpoint, fields).unwrap(), *expected, "{fields}");
    }
}

/// What the account's owner stores is no tenant's, but a model reads it as well.
#[test]
fn what_is_stored_for_all_is_counted() {
    for (endpoint, fields) in [
        (&RESPONSES, r#""prompt":{"id":"pmpt_1"}"#),
        (&CHAT, r#""preset":"cheap""#),
    ] {
        let body = format!(r#"{{"model":"gemini-2.5-flash",{fields}}}"#);
        let references = read(endpoint, &body).unwrap().references;
        let found = (references.shared, references.is_empty());
        assert_eq!(found, (1, false), "{fields}");
    }
}

#[test]
fn references_are_bounded() {
    let files = |count: usize| {
        let parts: Vec<String> = (0..count)
            .map(|n| format!(r#"{{"type":"input_file","file_id":"file-{n}"}}"#))
            .collect();
        format!(r#""input":[{{"content":[{}]}}]"#, parts.join(","))
    };
    assert_eq!(
        stored(&RESPONSES, &files(MOST_STORED)).unwrap().len(),
        MOST_STORED
    );
    assert_eq!(
        stored(&RESPONSES, &files(MOST_STORED + 1)),
        Err(Some("file_id"))
    );
    let previous = |length| format!(r#""previous_response_id":"{}""#, "x".repeat(length));
    assert_eq!(stored(&RESPONSES, &previous(256)).unwrap().len(), 1);
    assert_eq!(
        stored(&RESPONSES, &previous(257)),
        Err(Some("previous_response_id"))
    );
}

proptest! {
    /// Wherever a part with a file stands in what is said, its id is found, once.
    #[test]
    fn no_stored_file_is_missed(
        depth in 0usize..6,
        keys in prop::collection::vec(prop::sample::select(vec!["content", "parts", "output", "source", "file", "x"]), 6),
        before: bool,
    ) {
        let mut part = match before {
            true => r#"{"file_id":"file-1","type":"input_file"}"#.to_owned(),
            false => r#"{"type":"input_file","file_id":"file-1"}"#.to_owned(),
        };
        for key in keys.iter().take(depth) {
            part = format!(r#"{{"type":"message","{key}":[{part},{part}]}}"#);
        }
        let fields = format!(r#""input":[{part}]"#);
        prop_assert_eq!(stored(&RESPONSES, &fields).unwrap(), ["file-1"]);
    }
}
