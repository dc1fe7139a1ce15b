//! Who answered a request, as Envoy tells it.

/// Who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The upstream.
    #[default]
    Upstream,
    /// Envoy, which never sent the request.
    NotSent,
    /// Envoy, which had sent the request and did not get an answer: the upstream may have worked on it
    /// all the same.
    CutOff,
}

/// Parts of `%RESPONSE_CODE_DETAILS%` that say that no upstream has got the request:
/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details>.
const NOT_SENT: [&str; 10] = [
    "connection_failure",
    "connection_timeout",
    "remote_refused_stream_reset",
    "overflow",
    "overload",
    "no_healthy_upstream",
    "no_cluster",
    "cluster_not_found",
    "route_not_found",
    "direct_response",
];

impl Origin {
    /// By the details Envoy gives; without any it is the upstream's answer.
    pub(crate) fn of(details: &[u8]) -> Origin {
        let has = |part: &&str| memchr::memmem::find(details, part.as_bytes()).is_some();
        match details {
            b"" | b"via_upstream" => Origin::Upstream,
            _ if NOT_SENT.iter().any(|part| has(&part)) => Origin::NotSent,
            _ => Origin::CutOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_may_cost_and_what_was_not_does_not() {
        for (details, origin) in [
            ("", Origin::Upstream),
            ("via_upstream", Origin::Upstream),
            ("response_timeout", Origin::CutOff),
            ("stream_idle_timeout", Origin::CutOff),
            ("upstream_per_try_timeout", Origin::CutOff),
            (
                "upstream_reset_before_response_started{connection_termination}",
                Origin::CutOff,
            ),
            (
                "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}",
                Origin::NotSent,
            ),
            (
                "upstream_reset_before_response_started{remote_refused_stream_reset}",
                Origin::NotSent,
            ),
            ("no_healthy_upstream", Origin::NotSent),
            ("route_not_found", Origin::NotSent),
            ("cluster_not_found", Origin::NotSent),
            (
                "upstream_reset_before_response_started{overflow}",
                Origin::NotSent,
            ),
        ] {
            assert_eq!(Origin::of(details.as_bytes()), origin, "{details}");
        }
    }
}
