//! What Envoy answers by itself stands in `envoy/envoy.yaml`, and in documents for gateways that do not start with
//! that file. They have the same lines: `make reference` copies them.

use super::RENEW;
use paddock_local::root;

const COPIES: [&str; 2] = [
    "envoy/istio/answers.yaml",
    "envoy/envoy-gateway/answers.yaml",
];
const BEGIN: &str = "# generated: of envoy/envoy.yaml, by make reference\n";
const END: &str = "# end\n";

#[test]
fn the_reference_is_copied_where_envoys_answers_are_told() {
    let original = std::fs::read_to_string(root().join("envoy/envoy.yaml")).unwrap();
    let answers = below(&original, "local_reply_config:\n");
    for copy in COPIES {
        let path = root().join(copy);
        let text = std::fs::read_to_string(&path).unwrap();
        let renewed = renewed(&text, &answers);
        if std::env::var_os(RENEW).is_some() {
            std::fs::write(&path, &renewed).unwrap();
            continue;
        }
        assert!(
            text == renewed,
            "{copy} is not what envoy/envoy.yaml says: run 'make reference' and commit the result"
        );
    }
}

/// The lines below a key, without the indentation of the first.
fn below(text: &str, key: &str) -> Vec<String> {
    let (_, rest) = text.split_once(key).unwrap();
    let indentation = rest.len() - rest.trim_start_matches(' ').len();
    let inside = |line: &&str| line.is_empty() || line.starts_with(&" ".repeat(indentation));
    let lines = rest.lines().take_while(inside);
    let mut lines: Vec<String> = lines
        .map(|line| line.get(indentation..).unwrap_or_default().to_owned())
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    assert!(lines.len() > 50, "{lines:?}");
    lines
}

fn renewed(text: &str, lines: &[String]) -> String {
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let indentation = before.rsplit('\n').next().unwrap();
    let mut copied = String::new();
    for line in lines {
        if !line.is_empty() {
            copied.push_str(indentation);
            copied.push_str(line);
        }
        copied.push('\n');
    }
    format!("{before}{BEGIN}{copied}{indentation}{END}{after}")
}
