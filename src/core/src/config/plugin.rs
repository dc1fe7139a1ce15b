//! What the module is configured for: it stands in front of the router, or among the filters of a
//! provider's cluster.

use super::Config;
use serde::Deserialize;

/// What the module does where it stands.
#[derive(Debug)]
pub enum Plugin {
    /// It decides requests.
    Gateway(Box<Config>),
    /// It has each attempt of a request look as its deployment wants it.
    Attempts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttempts {
    mode: Mode,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Attempts,
}

impl Plugin {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Every problem found, each a sentence for the operator.
    pub fn parse(text: &[u8]) -> Result<Plugin, Vec<String>> {
        match serde_json::from_slice(text) {
            Ok(RawAttempts {
                mode: Mode::Attempts,
            }) => Ok(Plugin::Attempts),
            Err(_) => Config::parse(text).map(|config| Plugin::Gateway(Box::new(config))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_says_where_it_stands() {
        let parse = |text: &str| Plugin::parse(text.as_bytes());
        assert!(matches!(
            parse(r#"{"mode":"attempts"}"#),
            Ok(Plugin::Attempts)
        ));
        let gateway = parse(r#"{"accounting":{"cluster":"paddock"}}"#);
        assert!(matches!(gateway, Ok(Plugin::Gateway(_))));
        for wrong in [
            r#"{"mode":"other"}"#,
            r#"{"mode":"attempts","upstream":"a"}"#,
        ] {
            assert!(
                parse(wrong).unwrap_err().join(";").contains("mode"),
                "{wrong}"
            );
        }
    }
}
