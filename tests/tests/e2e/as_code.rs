//! `paddock apply` in CI, in a cluster and from Terraform: the commands of `deploy/as-code`, run as they
//! are. GitHub's runner, a cluster and Terraform are not there.

use crate::gateway::Gateway;
use paddock_local::{StackOptions, binary, root};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const FOLDER: &str = "deploy/as-code";

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(FOLDER).join(name)).unwrap()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap()
}

/// The documents of a file, each with what every document must have.
fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    for document in &documents {
        for field in ["/apiVersion", "/kind", "/metadata/name", "/spec"] {
            assert!(document.pointer(field).is_some(), "{path}: no {field}");
        }
    }
    documents
}

/// A folder with the file that is applied, as a checkout has it.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("paddock.yaml"), text("paddock.yaml")).unwrap();
    folder
}

/// Runs a command of a shell there, with what all three give it.
fn run(gateway: &Gateway, folder: &Path, command: &str) -> Output {
    let programs = binary("paddock").unwrap();
    let path = std::env::var("PATH").unwrap();
    Command::new("bash")
        .args(["-e", "-c", command])
        .current_dir(folder)
        .env_clear()
        .env(
            "PATH",
            format!("{}:{path}", programs.parent().unwrap().display()),
        )
        .env("PADDOCK_URL", format!("http://{}", gateway.address))
        .env("PADDOCK_ADMIN_KEY", gateway.admin_key())
        .env("PADDOCK_FILE", "paddock.yaml")
        .output()
        .unwrap()
}

#[track_caller]
fn says(output: &Output, status: i32, part: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{said} {output:?}");
    assert!(said.contains(part), "{said}");
}

#[test]
fn the_jobs_of_ci_plan_apply_and_notice_changes_by_hand() {
    let gateway = Gateway::start(StackOptions::default());
    let folder = checkout();
    let workflow = yaml("github.yaml");
    let job = |name: &str| {
        let steps = workflow["jobs"][name]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["run"].is_string()).unwrap();
        run(&gateway, folder.path(), step["run"].as_str().unwrap())
    };
    let path = "/v1/namespaces/search-as-code";
    says(&job("plan"), 0, "2 to create");
    assert_eq!(gateway.manage_status("GET", path), 404);
    says(&job("apply"), 0, "search-as-code");
    says(&job("drift"), 0, "0 to create");
    gateway.manage("PATCH", path, Some(&json!({"monthly_quota_usd": 300})));
    says(&job("drift"), 2, "monthly_quota_usd");
    std::fs::write(folder.path().join("paddock.yaml"), "namespace: []\n").unwrap();
    assert_ne!(job("plan").status.code(), Some(0));
}

#[test]
fn the_job_of_a_cluster_applies_the_file_that_it_is_given() {
    let gateway = Gateway::start(StackOptions::default());
    let kustomization = yaml("kustomization.yaml");
    let jobs = documents(&format!("{FOLDER}/job.yaml"));
    let [job] = jobs.as_slice() else {
        panic!("{jobs:?}");
    };
    assert_eq!(kustomization["resources"], json!(["job.yaml"]));
    let generated = &kustomization["configMapGenerator"][0];
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], generated["name"]);
    assert_eq!(
        pod["volumes"][0]["name"],
        container["volumeMounts"][0]["name"]
    );
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    // The ConfigMap's file, where the Job looks for it.
    let mounted = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let folder = checkout();
    let arguments: Vec<String> = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| {
            argument
                .as_str()
                .unwrap()
                .replace(&format!("{mounted}/"), "")
        })
        .collect();
    assert!(arguments.contains(&generated["files"][0].as_str().unwrap().to_owned()));
    let command = format!("paddock {}", arguments.join(" "));
    says(&run(&gateway, folder.path(), &command), 0, "search-as-code");
    says(&run(&gateway, folder.path(), &command), 0, "0 to create");
}

#[test]
fn the_command_of_terraform_applies_the_file() {
    let gateway = Gateway::start(StackOptions::default());
    let source = text("main.tf");
    let line = source
        .lines()
        .find_map(|line| line.trim().strip_prefix("command = "))
        .unwrap();
    let command: String = serde_json::from_str(line).unwrap();
    let folder = checkout();
    says(&run(&gateway, folder.path(), &command), 0, "search-as-code");
    // Each variable that the command needs is given, and the key never by the command line.
    for name in ["PADDOCK_FILE", "PADDOCK_URL", "PADDOCK_ADMIN_KEY"] {
        assert!(source.contains(&format!("      {name}")), "{name}");
    }
    assert!(!command.contains("KEY"));
}
