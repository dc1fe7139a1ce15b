//! `GET /v1/audit/verify?organization=`: proves the chains.

use crate::api::prelude::*;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use paddock_ledger::rules::audit::{self, ChainReport};
use paddock_ledger::store::StoreError;
use std::pin::Pin;
use std::time::Duration;
use utoipa::IntoParams;

/// How often a blank is sent until the answer is known, so that nobody gives up waiting.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

type Underway = Pin<Box<dyn Future<Output = Result<Vec<ChainReport>, StoreError>> + Send>>;

/// Which chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerifyAudit {
    /// Only the chain of this organization: the caller's own; any, for the operator. `*` is the
    /// installation's own.
    organization: Option<String>,
}

/// The result for every chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
struct Verification<'a> {
    /// What this is.
    object: &'static str,
    /// Whether nothing is wrong.
    valid: bool,
    /// How many segments were verified.
    segments: u64,
    /// How many entries they have.
    entries: u64,
    /// How many problems there are.
    problem_count: u64,
    /// One report for each chain.
    chains: &'a [ChainReport],
}

/// Verifies that the audit is complete and unchanged
///
/// To the operator every chain, or the one that is named; to an admin its organization's. While it takes
/// long, blanks are sent before the JSON.
#[utoipa::path(
    get, path = "/v1/audit/verify", tag = "audit", operation_id = "verify_audit",
    params(VerifyAudit),
    responses(
        (status = 200, description = "What was found.", body = Verification),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<VerifyAudit>,
) -> Result<Response, ApiError> {
    caller.may_manage()?;
    caller.may_view_analytics()?;
    let named = query.organization;
    if let Some(named) = named.as_ref().filter(|named| !caller.owns(named)) {
        return Err(ApiError::not_found("organization", named));
    }
    let organization = named.or_else(|| caller.organization().map(str::to_owned));
    let verification: Underway =
        Box::pin(async move { audit::verify(&app.store, organization.as_deref()).await });
    let answer = stream::try_unfold(Some(verification), |verification| async move {
        let Some(mut verification) = verification else {
            return Ok::<_, StoreError>(None);
        };
        tokio::select! {
            reports = &mut verification => {
                let reports = reports.inspect_err(|error| {
                    tracing::error!(%error, "a verification of the audit broke off");
                })?;
                Ok(Some((body(&reports), None)))
            }
            () = tokio::time::sleep(SIGN_OF_LIFE) => {
                Ok(Some((Bytes::from_static(b" "), Some(verification))))
            }
        }
    });
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, axum::body::Body::from_stream(answer)).into_response())
}

fn body(reports: &[ChainReport]) -> Bytes {
    let sum = |part: fn(&ChainReport) -> u64| {
        reports
            .iter()
            .fold(0_u64, |sum, report| sum.saturating_add(part(report)))
    };
    let body = Verification {
        object: "audit.verification",
        valid: reports.iter().all(|report| report.valid),
        segments: sum(|report| report.segments),
        entries: sum(|report| report.entries),
        problem_count: sum(|report| report.problem_count),
        chains: reports,
    };
    // Texts and numbers cannot fail to serialize.
    Bytes::from(serde_json::to_vec(&body).unwrap_or_default())
}
