//! What would make Google leave the usage out of an answer does not reach it.

use super::gateway;
use crate::gateway::header_of;
use serde_json::json;

#[test]
fn a_mask_on_the_answer_is_not_passed_on() {
    let gateway = gateway();
    let path = "/v1beta/models/gemini-2.5-flash";
    let body = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]}).to_string();
    for (asked, passed) in [
        (":generateContent?fields=candidates", ":generateContent"),
        (
            ":generateContent?$fields=candidates&prettyPrint=1",
            ":generateContent?prettyPrint=1",
        ),
        (
            ":generateContent?alt=proto&prettyPrint=false",
            ":generateContent?prettyPrint=false",
        ),
        (":generateContent?callback=f", ":generateContent"),
        (
            ":streamGenerateContent?alt=sse&%66ields=candidates",
            ":streamGenerateContent?alt=sse",
        ),
    ] {
        let tenant = gateway.tenant("mask", json!({}));
        let call = tenant.post(&format!("{path}{asked}"), &body);
        let call = call.header("x-goog-fieldmask", "candidates");
        let call = call.header("x-goog-encode-response-if-executable", "base64");
        gateway
            .send(&call.header("x-goog-safety-encoding", "base64"))
            .expect(200);
        let seen = gateway.seen(&tenant).remove(0);
        assert_eq!(seen["path"], format!("{path}{passed}"));
        for name in [
            "x-goog-fieldmask",
            "x-goog-encode-response-if-executable",
            "x-goog-safety-encoding",
        ] {
            assert_eq!(header_of(&seen, name), None);
        }
        let line = gateway.ledger(&tenant, 1).remove(0);
        assert_eq!(
            line.charge(),
            (3, 16, 3 * 300 + 16 * 2_500, false),
            "{line:?}"
        );
    }
}
