//! The path of a request as its upstream is to see it.

use super::gemini::escape;
use crate::policy::MODEL_IN_PATH;

/// `path_and_query` below `base` instead of below the API version that clients ask for (`/v1` or
/// `/v1beta`), all else byte for byte. `{model}` in `base` stands for `model`, and its parameters come
/// before the caller's. `None` where it is there already, or has no version.
pub fn path_below(path_and_query: &str, base: &str, model: &str) -> Option<String> {
    let versions = ["/v1/", "/v1beta/"];
    let rest = versions
        .into_iter()
        .find_map(|version| path_and_query.strip_prefix(version))?;
    let (below, parameters) = base.split_once('?').unwrap_or((base, ""));
    let below = below.replace(MODEL_IN_PATH, &escape(model));
    let path = match (parameters, rest.split_once('?')) {
        ("", _) => format!("{below}/{rest}"),
        (parameters, None) => format!("{below}/{rest}?{parameters}"),
        (parameters, Some((rest, query))) => format!("{below}/{rest}?{parameters}&{query}"),
    };
    (path != path_and_query).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_takes_the_place_of_the_version() {
        for (path, base, expected) in [
            (
                "/v1/chat/completions",
                "/v1beta/openai",
                Some("/v1beta/openai/chat/completions"),
            ),
            (
                "/v1/messages/count_tokens?beta=true",
                "/anthropic/v1",
                Some("/anthropic/v1/messages/count_tokens?beta=true"),
            ),
            (
                "/v1beta/models/m:countTokens?x=/v1/",
                "/v1",
                Some("/v1/models/m:countTokens?x=/v1/"),
            ),
            ("/v1/messages", "/v1", None),
            ("/v2/messages", "/v1", None),
            (
                "/v1/chat/completions",
                "/openai/deployments/{model}?api-version=2024-10-21",
                Some("/openai/deployments/our%2Fgpt/chat/completions?api-version=2024-10-21"),
            ),
            (
                "/v1/embeddings?x=1",
                "/{model}?a=b",
                Some("/our%2Fgpt/embeddings?a=b&x=1"),
            ),
        ] {
            assert_eq!(
                path_below(path, base, "our/gpt").as_deref(),
                expected,
                "{path}"
            );
        }
    }
}
