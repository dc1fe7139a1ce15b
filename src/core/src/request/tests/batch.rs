//! Gemini's batches, which name their model again in every request.

use crate::request::{BodyError, Endpoint, GeminiVerb, read_body};

fn endpoint() -> Endpoint {
    Endpoint::Gemini {
        model: "e".to_owned(),
        verb: GeminiVerb::BatchEmbedContents,
    }
}

#[test]
fn the_texts_of_all_requests_are_measured() {
    let text = "x".repeat(400);
    let one = format!(r#"{{"model":"models/e","content":{{"parts":[{{"text":"{text}"}}]}}}}"#);
    let tokens = |count: usize| {
        let requests = vec![one.as_str(); count].join(",");
        let body = format!(r#"{{"requests":[{requests}]}}"#);
        let endpoint = endpoint();
        let request = read_body(&endpoint, body.as_bytes()).unwrap();
        assert_eq!((request.model.as_ref(), request.choices), ("e", 1));
        request.prompt.likely_tokens()
    };
    assert!(tokens(1) > 100);
    assert!(tokens(3) >= 3 * tokens(1) - 3);
}

#[test]
fn a_request_that_names_another_model_is_refused() {
    let ambiguous = |field| Err(BodyError::Ambiguous { field });
    for (body, expected) in [
        (r#"{"requests":[]}"#, Ok(())),
        (r#"{"requests":[{"model":"e"},{"model":null},{}]}"#, Ok(())),
        (
            r#"{"requests":[{"model":"models/e"},{"model":"models/f"}]}"#,
            ambiguous("requests.model"),
        ),
        (
            r#"{"requests":[{"model":"e","model":"e"}]}"#,
            ambiguous("requests.model"),
        ),
        (
            r#"{"requests":[{"Model":"f"}]}"#,
            ambiguous("requests.model"),
        ),
        (r#"{"requests":[],"Requests":[]}"#, ambiguous("requests")),
        (r#"{"model":"f"}"#, ambiguous("model")),
    ] {
        let found = read_body(&endpoint(), body.as_bytes()).map(|_| ());
        assert_eq!(found, expected, "{body}");
    }
    for body in [r#"{"requests":{}}"#, r#"{"requests":["e"]}"#] {
        let found = read_body(&endpoint(), body.as_bytes()).map(|_| ());
        assert_eq!(found.unwrap_err().param(), Some("requests"), "{body}");
    }
}
