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
        "above_tokens",
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

    assert!(with(&["--yes"]).expect(0).contains("models updated."));
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
    // Another upstream than both providers.
    let moved = "prices: [{model: gpt-4.1, upstream: mesh}]";
    service
        .paddock_reading(&["apply", "-f", "-"], moved)
        .expect(0);
    let error = service
        .paddock(&["prices", "import", &path, "--dry-run"])
        .fails(1);
    assert!(
        error.contains("sold by openai, azure at different prices"),
        "{error}"
    );
    let named = [
        "prices",
        "import",
        &path,
        "--add-provider",
        "azure=mesh",
        "-o",
        "json",
        "--dry-run",
    ];
    let shown = service.paddock(&named).json(2);
    assert_eq!(
        shown["differences"][0]["fields"]["input_usd_per_million"],
        2.2
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
        assert!(error.contains("is neither a price list"), "{error}");
    }
}

#[test]
fn models_of_a_provider_are_added_as_globs_choose_them() {
    let service = Service::start();
    let list = json!({
        "house/small": {"litellm_provider": "house", "mode": "chat", "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06, "input_cost_per_token_flex": 5e-07, "output_cost_per_token_flex": 1e-06,
            "search_context_cost_per_query": {"search_context_size_low": 0.01}, "max_input_tokens": 9000,
            "supports_vision": true},
        "house/large": {"litellm_provider": "house", "mode": "chat", "input_cost_per_token": 1e-06},
        "house/small-image": {"litellm_provider": "house", "mode": "video_generation", "input_cost_per_token": 1e-06},
        "other/small": {"litellm_provider": "other", "mode": "chat", "input_cost_per_token": 1e-06},
    });
    let path = service.write("list.json", &list.to_string());
    let path = path.display().to_string();
    let import = |more: &[&str]| {
        let arguments = [&["prices", "import", &path, "-o", "json"], more].concat();
        service.paddock(&arguments)
    };
    let add = ["--add-provider", "house=gemini"];
    let shown = import(&[&add[..], &["--except", "lar*", "--dry-run"]].concat()).json(2);
    let differences = shown["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{shown}");
    let none = import(&[&add[..], &["--only", "medium", "--yes"]].concat()).fails(1);
    assert!(none.contains("no model of the provider 'house'"), "{none}");
    import(&[&add[..], &["--only", "small*", "--yes"]].concat()).json(0);
    for (field, value) in [
        ("upstream", json!("gemini")),
        ("tiers", json!({"flex": {"percent": 50}})),
        ("fees_usd", json!({"web_search": 0.01})),
        ("context_window", json!(9000)),
        ("capabilities", json!(["vision"])),
        // As its upstream serves the models that were known.
        ("paths", json!({"openai": "/v1beta/openai", "gemini": ""})),
    ] {
        assert_eq!(price(&service, "small", field), value, "{field}");
    }
    let wrong = r#"{"m": {"litellm_provider": "house", "input_cost_per_token": "free"}}"#;
    let path = service.write("wrong.json", wrong).display().to_string();
    let error = service
        .paddock(&["prices", "import", &path, "--yes"])
        .fails(1);
    assert!(
        error.contains("model 'm'") && error.contains("not a number"),
        "{error}"
    );
}

#[test]
fn the_catalog_that_paddock_comes_with_is_taken_over() {
    let service = Service::start();
    let import = ["prices", "import", "--catalog", "-o", "json"];
    let run = |more: &str| service.paddock(&[&import[..], &[more]].concat());
    // A new service has it.
    assert_eq!(run("--dry-run").json(0)["differences"], json!([]));
    let changed = "prices: [{model: gpt-5, output_usd_per_million: 99, tiers: null}]";
    service
        .paddock_reading(&["apply", "-f", "-"], changed)
        .expect(0);
    let shown = run("--dry-run").json(2);
    assert_eq!(shown["differences"].as_array().unwrap().len(), 1);
    assert_eq!(
        shown["differences"][0]["fields"]["output_usd_per_million"],
        10.0
    );
    run("--yes").json(0);
    assert_eq!(
        price(&service, "gpt-5", "output_usd_per_million"),
        json!(10.0)
    );
    assert_eq!(price(&service, "gpt-5", "batch_percent"), json!(50));
}

#[test]
fn a_catalog_is_made_of_lists() {
    let service = Service::start();
    let priced = |provider: &str, input: f64| {
        json!({"litellm_provider": provider, "mode": "chat", "input_cost_per_token": input,
            "output_cost_per_token": input, "max_output_tokens": 100, "max_input_tokens": 1000})
    };
    let mut list = json!({
        "gpt-4.1": priced("openai", 2e-06),
        "gpt-4.1-2025-04-14": priced("openai", 2e-06),
        "text-embedding-3-small": priced("openai", 1e-06),
        "text-embedding-3-large": priced("openai", 1e-06),
        "claude-sonnet-4-5": priced("anthropic", 3e-06),
        "claude-sonnet-4-5-20250929": priced("anthropic", 3e-06),
        "gemini/gemini-2.5-flash": priced("gemini", 1e-06),
        "house-2501": priced("openai", 1e-06),
        "house-2507": priced("openai", 5e-06),
        "house-latest": priced("openai", 5e-06),
        "old": priced("openai", 1e-06),
        "ft:gpt-4.1": priced("openai", 1e-06),
    });
    list["gpt-4.1"]["cache_read_input_token_cost"] = json!(5e-07);
    list["gpt-4.1-2025-04-14"]["cache_read_input_token_cost"] = json!(5e-07);
    list["old"]["deprecation_date"] = json!("2026-11-01");
    let make = |list: &serde_json::Value| {
        let path = service
            .write("list.json", &list.to_string())
            .display()
            .to_string();
        let arguments = [
            "prices",
            "catalog",
            &path,
            "--source",
            "a list",
            "--date",
            "2026-11-30",
            "--add-provider",
            "openai=openai",
            "--add-provider",
            "anthropic=anthropic",
            "--add-provider",
            "gemini=gemini",
            "--add-provider",
            "deepseek=deepseek",
            "--map",
            "claude-sonnet-4.5=claude-sonnet-4-5",
        ];
        service.paddock(&arguments)
    };
    let error = make(&list).fails(1);
    assert!(error.contains("does not have 'deepseek-v3.2'"), "{error}");
    list["deepseek/deepseek-v3.2"] = priced("deepseek", 1e-06);
    let made = make(&list).json(0);
    assert_eq!(
        (&made["source"], &made["date"]),
        (&json!("a list"), &json!("2026-11-30"))
    );
    let models = made["models"].as_array().unwrap();
    let names: Vec<&str> = models
        .iter()
        .map(|model| model["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "gpt-4.1",
            "claude-sonnet-4.5",
            "gemini-2.5-flash",
            "deepseek-v3.2",
            "text-embedding-3-small",
            "text-embedding-3-large",
            "claude-sonnet-4-5",
            "house-2507",
            "house-2501"
        ]
    );
    // The contract's price, and what the list says beside it.
    let price =
        json!({"input": 2_500_000_000u64, "cached_input": 500_000_000, "output": 8_000_000_000u64});
    assert_eq!(
        (&models[0]["price"], &models[0]["max_output_tokens"]),
        (&price, &json!(100))
    );
    for (alias, model) in [
        ("gpt4", "gpt-4.1"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("house-latest", "house-2507"),
    ] {
        assert_eq!(made["aliases"][alias], model, "{made}");
    }
    // It is a list too.
    let path = service
        .write("catalog.json", &made.to_string())
        .display()
        .to_string();
    let import = [
        "prices", "import", &path, "--only", "house-*", "--yes", "-o", "json",
    ];
    let imported = service.paddock(&import).json(0);
    assert_eq!(
        imported["new_aliases"],
        json!({"house-latest": "house-2507"})
    );
}
