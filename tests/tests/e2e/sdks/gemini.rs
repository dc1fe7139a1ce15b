//! Google's.

use super::run;
use serde_json::json;

#[test]
fn python() {
    let outcome = run("python/gemini_client.py");
    outcome.returned(&json!({
        "content": [3, 16],
        "stream": [true, 16],
        "count": 3,
        "embeddings": [2, 1536],
    }));
    outcome.raised([
        ("401", "ClientError", "UNAUTHENTICATED"),
        ("402", "ClientError", "FAILED_PRECONDITION"),
        ("403", "ClientError", "PERMISSION_DENIED"),
        ("404", "ClientError", "NOT_FOUND"),
        ("429", "ClientError", "RESOURCE_EXHAUSTED"),
    ]);
    let model = "/v1/models/gemini-2.5-flash";
    let price = (300, 2_500);
    outcome.booked(&[
        (&format!("{model}:generateContent"), false, 3, 16, price),
        (
            &format!("{model}:streamGenerateContent"),
            true,
            3,
            16,
            price,
        ),
        (&format!("{model}:countTokens"), false, 0, 0, price),
        (
            "/v1/models/gemini-embedding-001:batchEmbedContents",
            false,
            4,
            0,
            (150, 0),
        ),
    ]);
}
