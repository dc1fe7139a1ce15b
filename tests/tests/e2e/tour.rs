//! The README and every page of the book, run as they are written.

pub mod script;

use crate::gateway::Gateway;
use paddock_local::{StackOptions, binary, root};
use script::{Tour, run};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;

/// All pages run against one stack, in the order of the book, each in a shell and a folder of its
/// own. So a page's names of namespaces must not be another's.
#[test]
fn the_commands_of_the_documentation_do_what_it_says() {
    let gateway = Gateway::start(StackOptions::default());
    let readmes = ["README.md", "clients/python/README.md"].map(str::to_owned);
    let pages = readmes.into_iter().chain(pages_of_the_book());
    let problems: Vec<String> = pages
        .filter_map(|page| run_page(&gateway, &page).err())
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// The pages that SUMMARY.md lists, in its order.
fn pages_of_the_book() -> Vec<String> {
    let summary = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let links = summary.split("](").skip(1);
    let pages: Vec<String> = links
        .map(|rest| rest.split(')').next().unwrap())
        .filter(|page| !page.is_empty())
        .map(|page| format!("docs/src/{page}"))
        .collect();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// Runs a page with what its reader has: the repository, what was built in it, the operator's key
/// and a developer's.
fn run_page(gateway: &Gateway, page: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let tour = Tour::read(&text).map_err(|error| format!("{page}: {error}"))?;
    if tour.blocks.is_empty() {
        return Ok(());
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["deploy", "envoy", "examples"] {
        symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    let sdks = root().join(".paddock/sdks");
    let programs = binary("paddock").unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::iter::once(programs.parent().unwrap().to_owned())
        .chain([sdks.join("bin"), sdks.join("venv/bin")])
        .chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).unwrap();
    let developer = gateway.tenant("reader", json!({}));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let environment = [
        ("PATH", path.to_str().unwrap().to_owned()),
        ("HOME", text(folder.path())),
        ("SDKS", text(&sdks)),
        ("PYTHONPATH", text(&root().join("clients/python/src"))),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PADDOCK_URL", format!("http://{}", gateway.address)),
        ("PADDOCK_ADMIN_KEY", gateway.admin_key().to_owned()),
        ("PADDOCK_KEY", developer.key),
        ("PADDOCK_DATABASE", text(gateway.database())),
        ("ACCESS_LOG", text(gateway.access_log_file())),
    ];
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    run(&tour, folder.path(), &environment).map_err(|error| format!("{page}: {error}"))
}

fn outcome(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    run(&Tour::read(text)?, folder.path(), &[("NAME", "horse")])
}

#[test]
fn a_tour_shares_its_shell_and_wildcards_match() {
    let text = "
# Title
```console
false, and never run
```
```yaml file=some.yaml
some: $file
```
```sh
GREETING=hello
echo \"$GREETING $NAME number 42\"; echo '  indented'; echo other >&2; cat some.yaml
```
```text expect
hello horse number …
other

indented
some: $file
```
```sh
echo \"$GREETING again\"
```
```text expect
hell…ain
```
";
    assert_eq!(Tour::read(text).unwrap().blocks.len(), 3);
    assert_eq!(outcome(text), Ok(()));
}

#[test]
fn a_tour_fails_where_it_should() {
    let failing = [
        (
            "```sh\necho hello\n```\n```text expect\nhello\ngood bye\n```\n",
            "'good bye'",
        ),
        ("```sh\necho ab\n```\n```text expect\nb…a\n```\n", "'b…a'"),
        (
            "```sh\necho a\necho b\n```\n```text expect\na…b\n```\n",
            "'a…b'",
        ),
        ("```sh\necho fine\nexit 3\n```\n", "status 3"),
        ("```sh\nno-such-command-anywhere\n```\n", "status 127"),
        (
            "```sh\ntrue\n```\n```sh\necho $NO_SUCH_VARIABLE\n```\n",
            "NO_SUCH_VARIABLE",
        ),
        ("```text expect\nalone\n```\n", "follows no command"),
        ("```sh\ntrue\n", "is never closed"),
        (
            "```sh\necho '{\"error\":{\"code\":\"x\"}}'\n```\n",
            "was refused",
        ),
        ("```bash\ntrue\n```\n", "'console'"),
    ];
    for (text, part) in failing {
        let error = outcome(text).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    // What is said of a failure has the line, the command and what it printed.
    let text = "one\n```sh\necho 'what it printed'\n```\n```text expect\nwhat was wanted\n```\n";
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
