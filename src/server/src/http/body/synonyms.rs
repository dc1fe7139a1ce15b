//! The names that fields have beside their own.

/// The contract's synonyms: what callers may write, and the name it stands for.
const SYNONYMS: [(&str, &str); 27] = [
    ("team_id", "namespace"),
    ("team", "namespace"),
    ("project", "namespace"),
    ("quota_monthly_usd", "monthly_quota_usd"),
    ("monthly_budget_usd", "monthly_quota_usd"),
    ("monthly_limit_usd", "monthly_quota_usd"),
    ("quota_override_monthly", "monthly_quota_usd"),
    ("quota_daily_usd", "daily_quota_usd"),
    ("rate_limit_rpm", "rate_limit_per_minute"),
    ("rpm", "rate_limit_per_minute"),
    ("rate_limits.rpm", "rate_limit_per_minute"),
    ("rate_limit_tpm", "tokens_per_minute"),
    ("tpm", "tokens_per_minute"),
    ("rate_limits.tpm", "tokens_per_minute"),
    ("burst_size", "burst"),
    ("burst_limit", "max_concurrency"),
    ("max_concurrent", "max_concurrency"),
    ("models", "allowed_models"),
    // Nested beside rpm and tpm by some clients.
    ("rate_limits.burst", "burst"),
    ("rate_limits.burst_size", "burst"),
    ("rate_limits.max_concurrency", "max_concurrency"),
    ("rate_limits.max_concurrent", "max_concurrency"),
    ("rate_limits.burst_limit", "max_concurrency"),
    // Of prices.
    ("input", "input_usd_per_million"),
    ("cached_input", "cached_input_usd_per_million"),
    ("output", "output_usd_per_million"),
    ("reasoning", "reasoning_usd_per_million"),
];

/// The name a synonym stands for; any other name stands for itself.
pub fn canonical(written: &str) -> &str {
    SYNONYMS
        .iter()
        .find(|(synonym, _)| *synonym == written)
        .map_or(written, |(_, name)| name)
}

/// Every other name that callers may write for a field of that name.
pub fn synonyms(name: &str) -> Vec<&'static str> {
    let meant = canonical(name);
    let same = SYNONYMS
        .iter()
        .filter(|(_, stands_for)| *stands_for == meant);
    let canonical = same.clone().map(|(_, stands_for)| *stands_for).take(1);
    canonical
        .chain(same.map(|(synonym, _)| *synonym))
        .filter(|other| *other != name)
        .collect()
}
