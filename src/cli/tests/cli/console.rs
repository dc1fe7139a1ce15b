//! The console: its guards by plain HTTP, and its pages in a browser, by `tests/console`.

use crate::support::{ADMIN, Service};
use paddock_server::outbound::tls;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A client that is led nowhere.
fn client() -> Client {
    Client::builder()
        .tls_backend_preconfigured(tls::client(None).unwrap())
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap()
}

fn post(service: &Service, path: &str, cookie: &str, origin: &str, form: &str) -> Response {
    client()
        .post(format!("{}{path}", service.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .header("origin", origin)
        .body(form.to_owned())
        .send()
        .unwrap()
}

fn get(service: &Service, path: &str, cookie: &str) -> Response {
    let request = client().get(format!("{}{path}", service.url));
    request.header("cookie", cookie).send().unwrap()
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[test]
fn nobody_gets_in_without_a_key_and_no_form_from_elsewhere_changes_anything() {
    let service = &Service::start();
    let own = service.url.clone();
    let page = get(service, "/console/", "");
    assert_eq!(page.status(), 303);
    assert_eq!(
        header(&page, "location"),
        "/console/login?next=%2Fconsole%2F"
    );
    let page = get(service, "/console/login", "");
    let policy = header(&page, "content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(header(&page, "cache-control"), "no-store");
    let log_in = |origin: &str, key: &str| {
        post(service, "/console/login", "", origin, &format!("key={key}"))
    };
    assert_eq!(log_in(&own, "wrong-key-altogether").status(), 401);
    assert_eq!(log_in("https://evil.example", ADMIN).status(), 403);
    assert_eq!(log_in("null", ADMIN).status(), 403);
    let page = log_in(&own, ADMIN);
    assert_eq!(page.status(), 303);
    let cookie = header(&page, "set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; "), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = get(service, "/console/keys/new", &cookie);
    assert_eq!(page.status(), 200);
    let text = page.text().unwrap();
    let (_, rest) = text.split_once("name=\"form_token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    let make = |origin: &str, token: &str| {
        let form = format!("form_token={token}&name=made&namespace=made&role=developer");
        post(service, "/console/keys/new", &cookie, origin, &form).status()
    };
    assert_eq!(make(&own, "another"), 403);
    assert_eq!(make("https://evil.example", token), 403);
    // There is no such namespace: the form itself was taken.
    assert_eq!(make(&own, token), 404);
    // The cookie is for pages, not for the API.
    assert_eq!(get(service, "/v1/keys", &cookie).status(), 401);
    for _ in 0..40 {
        log_in(&own, "wrong-key-altogether");
    }
    assert_eq!(log_in(&own, ADMIN).status(), 429);
    let logout = post(
        service,
        "/console/logout",
        &cookie,
        &own,
        &format!("form_token={token}"),
    );
    assert_eq!(logout.status(), 303);
    assert_eq!(get(service, "/console/keys/new", &cookie).status(), 303);
}

#[test]
fn a_service_without_a_console_has_none() {
    let service = &Service::with(&["--no-console"]);
    assert_eq!(get(service, "/console/login", "").status(), 404);
}

#[test]
fn every_page_works_for_every_role_in_a_browser() {
    let browser = root().join(".paddock/browser");
    assert!(
        browser.join("installed").exists(),
        "Playwright is missing: run scripts/setup-browser"
    );
    let service = &Service::start();
    let told = service.paddock(&["demo"]).expect(0);
    assert!(told.contains("northwind"), "{told}");
    assert!(service.paddock(&["demo"]).fails(1).contains("already"));
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
    let chromium = chromium.into_iter().find(|path| Path::new(path).exists());
    let folder = root().join("tests/console");
    let mut command = Command::new(browser.join("venv/bin/python"));
    // `make pictures` wants what the browser shows.
    if let Ok(pictures) = std::env::var("PADDOCK_PICTURES") {
        command.env("PADDOCK_PICTURES", root().join(pictures));
    }
    let output = command
        .arg(folder.join("test_console.py"))
        .env("PADDOCK_DATABASE", service.database())
        .env("PADDOCK_URL", &service.url)
        .env("PADDOCK_ADMIN_KEY", ADMIN)
        .env(
            "PADDOCK_CHROMIUM",
            chromium.expect("Chromium is missing: run scripts/setup-browser"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HOME", service.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{failed}");
}
