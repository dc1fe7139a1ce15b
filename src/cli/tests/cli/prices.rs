//! `paddock prices import`, from small lists in both formats.

use crate::support::Service;
use serde_json::json;

const LITELLM: &str = r#"{
  "sample_spec": {"litellm_provider": "one of https://docs.litellm.ai", "input_cost_per_token": 0.0},
  "gpt-4.1": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06,
    "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 5e-07, "max_output_tokens": 32768},
  "claude-sonnet-4-5": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06,
    "output_cost_per_token": 1.5e-05, "cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06, "cache_read_input_token_cost": 3e-07,
    "input_cost_per_token_above_200k_tokens": 6e-06},
  "o9": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
    "max_output_tokens": 100000}
}"#;

const GENAI: &str = r#"[
  {"id": "openai", "name": "OpenAI", "models": [
    {"id": "gpt-4.1", "match": {"equals": "gpt-4.1"}, "prices": {"input_mtok": 2.25, "cache_read_mtok": 0.5, "output_mtok": 8}}]},
  {"id": "azure", "name": "Azure", "models": [
    {"id": "gpt-4.1", "match": {"equals": "gpt-4.1"}, "prices": {"input_mtok": 2.2, "output_mtok": 8.8}}]},
  {"id": "google", "name": "Google", "models": [
    {"id": "gemini-2.5-flash", "match": {"equals": "gemini-2.5-flash"}, "prices": [
      {"prices": {"input_mtok": 0.15, "output_mtok": 0.6}},
      {"constraint": {"start_date": "2025-06-17"}, "prices": {"input_mtok": 0.3, "output_mtok": 2.5}}]}]}
]"#;

fn price(service: &Service, model: &str, field: &str) -> serde_json::Value {
    service
        .paddock(&["get", "prices", model, "-o", "json"])
        .json(0)[field]
        .clone()
}

#[test]
fn a_list_of_litellm_is_compared_and_taken_over() {
    let service = Service::start();
    let path = service.write("litellm.json", LITELLM).display().to_string();
    let import = [
        "prices",
        "import",
        &path,
        "--map",
        "claude-sonnet-4.5=claude-sonnet-4-5",
        "--add",
        "o9=openai",
    ];
    let with = |more: &[&'static str]| service.paddock(&[&import[..], more].concat());
    let shown = with(&["--dry-run"]).expect(2);
    for part in [
        "gpt-4.1",
        "input_usd_per_million",
        "2.5",
        "dearer for long prompts",
        "o9",
        "Not in the list: ",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    // There is nobody to ask.
    let error = with(&[]).fails(1);
    assert!(
        error.contains("nothing was changed") && error.contains("--yes"),
        "{error}"
    );
    assert_eq!(
        price(&service, "gpt-4.1", "input_usd_per_million"),
        json!(2.5)
    );

    assert!(with(&["--yes"]).expect(0).contains("prices set."));
    assert_eq!(
        price(&service, "gpt-4.1", "input_usd_per_million"),
        json!(2.0)
    );
    assert_eq!(
        price(
            &service,
            "claude-sonnet-4.5",
            "cache_write_1h_usd_per_million"
        ),
        json!(6.0)
    );
    assert_eq!(price(&service, "o9", "max_output_tokens"), json!(100_000));
    assert_eq!(price(&service, "o9", "upstream"), json!("openai"));
    let again = with(&["--yes", "-o", "json"]).json(0);
    assert_eq!(again["differences"], json!([]));
}

#[test]
fn a_list_of_genai_prices_is_compared_and_taken_over() {
    let service = Service::start();
    let path = service.write("data.json", GENAI).display().to_string();
    let error = service
        .paddock(&["prices", "import", &path, "--dry-run"])
        .fails(1);
    assert!(
        error.contains("sold by openai, azure at different prices"),
        "{error}"
    );
    let import = [
        "prices",
        "import",
        &path,
        "--provider",
        "openai",
        "-o",
        "json",
    ];
    let shown = service
        .paddock(&[&import[..], &["--dry-run"]].concat())
        .json(2);
    assert_eq!(
        shown["differences"][0]["fields"]["input_usd_per_million"],
        2.25
    );
    let applied = service.paddock(&[&import[..], &["--yes"]].concat()).json(0);
    assert_eq!(applied["applied"], true);
    assert_eq!(
        price(&service, "gpt-4.1", "input_usd_per_million"),
        json!(2.25)
    );
    assert_eq!(
        price(&service, "gemini-2.5-flash", "input_usd_per_million"),
        json!(0.3)
    );
    service
        .paddock(&[&import[..], &["--dry-run"]].concat())
        .json(0);
}

#[test]
fn what_is_no_price_list_is_refused() {
    let service = Service::start();
    for text in ["{}", "[]", r#"{"a":{"b":1}}"#] {
        let path = service.write("list.json", text).display().to_string();
        let error = service.paddock(&["prices", "import", &path]).fails(1);
        assert!(error.contains("is no price list"), "{error}");
    }
}
