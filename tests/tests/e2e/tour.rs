//! The README's tour, run as it is written.

pub mod script;

use crate::gateway::Gateway;
use paddock_local::{StackOptions, root};
use script::{Tour, run};

#[test]
fn the_readmes_commands_do_what_it_says() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let tour = Tour::read(&text).unwrap_or_else(|error| panic!("README.md: {error}"));
    assert!(!tour.blocks.is_empty(), "README.md has no tour");
    let gateway = Gateway::start(StackOptions::default());
    let url = format!("http://{}", gateway.address);
    let environment = [
        ("PADDOCK_URL", url.as_str()),
        ("PADDOCK_ADMIN_KEY", gateway.admin_key()),
    ];
    run(&tour, &environment).unwrap_or_else(|error| panic!("README.md: {error}"));
}

fn outcome(text: &str) -> Result<(), String> {
    run(&Tour::read(text)?, &[("NAME", "horse")])
}

#[test]
fn a_tour_shares_its_shell_and_wildcards_match() {
    let text = "
# Title
```sh
false, and no part of the tour
```
```sh tour
GREETING=hello
echo \"$GREETING $NAME number 42\"; echo '  indented'; echo other >&2
```
```text expect
hello horse number …
other

indented
```
```sh tour
echo \"$GREETING again\"
```
```text expect
hell…ain
```
";
    assert_eq!(Tour::read(text).unwrap().blocks.len(), 2);
    assert_eq!(outcome(text), Ok(()));
}

#[test]
fn a_tour_fails_where_it_should() {
    let failing = [
        (
            "```sh tour\necho hello\n```\n```text expect\nhello\ngood bye\n```\n",
            "'good bye'",
        ),
        (
            "```sh tour\necho ab\n```\n```text expect\nb…a\n```\n",
            "'b…a'",
        ),
        (
            "```sh tour\necho a\necho b\n```\n```text expect\na…b\n```\n",
            "'a…b'",
        ),
        ("```sh tour\necho fine\nexit 3\n```\n", "status 3"),
        ("```sh tour\nno-such-command-anywhere\n```\n", "status 127"),
        (
            "```sh tour\ntrue\n```\n```sh tour\necho $NO_SUCH_VARIABLE\n```\n",
            "NO_SUCH_VARIABLE",
        ),
        ("```text expect\nalone\n```\n", "follows no command"),
        ("```sh tour\ntrue\n", "is never closed"),
    ];
    for (text, part) in failing {
        let error = outcome(text).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    // What is said of a failure has the line, the command and what it printed.
    let text =
        "one\n```sh tour\necho 'what it printed'\n```\n```text expect\nwhat was wanted\n```\n";
    let error = outcome(text).unwrap_err();
    for part in [
        "line 2",
        "echo 'what it printed'",
        "what it printed\n",
        "'what was wanted'",
    ] {
        assert!(error.contains(part), "{error}");
    }
}
