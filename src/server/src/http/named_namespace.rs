//! The namespace that the headers of a management request name.

use super::error::ApiError;
use axum::http::HeaderMap;

/// `X-Namespace` and what stands for it.
const NAMES: [&str; 3] = ["x-namespace", "x-team", "x-project"];

/// The namespace that `X-Namespace`, `X-Team` and `X-Project` name. An empty header counts as absent.
///
/// # Errors
/// 400 if they name several: the gateway refuses that too, and which of them decides must not depend on
/// who reads.
pub fn named_namespace(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut named: Option<String> = None;
    for value in NAMES.iter().flat_map(|name| headers.get_all(*name)) {
        let Ok(text) = value.to_str() else {
            let message = "X-Namespace has characters that no namespace has in its name.";
            return Err(ApiError::invalid("", message));
        };
        let text = text.trim();
        match &named {
            _ if text.is_empty() => {}
            None => named = Some(text.to_owned()),
            Some(other) if other == text => {}
            Some(_) => {
                let message = "X-Namespace, X-Team and X-Project name different namespaces. Send one of them.";
                return Err(ApiError::invalid("", message));
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn of(pairs: &[(&'static str, &'static str)]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let (name, value) = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            headers.append(name, value);
        }
        named_namespace(&headers).map_err(drop)
    }

    #[test]
    fn several_headers_may_say_the_same_and_nothing_else() {
        let search = Ok(Some("search".to_owned()));
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(
            of(&[("x-namespace", ""), ("x-project", " search ")]),
            search
        );
        assert_eq!(
            of(&[("x-namespace", "search"), ("x-team", "search")]),
            search
        );
        for other in NAMES {
            assert_eq!(of(&[("x-namespace", "search"), (other, "ads")]), Err(()));
        }
    }
}
