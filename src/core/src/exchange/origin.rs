//! Who answered a request, as Envoy tells it.

/// Who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The upstream.
    #[default]
    Upstream,
    /// Envoy, because there was no upstream to be reached or it broke off: it charges nothing.
    NoAnswer,
    /// Envoy, which had sent the request and waited no longer: the upstream may work on it all the same.
    CutOff,
}

impl Origin {
    /// By Envoy's `%RESPONSE_CODE_DETAILS%`; without any it is the upstream's answer. Names of limits
    /// that ran out end with `timeout`, but for that of a connection, which comes before a request is
    /// sent:
    /// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details>.
    pub(crate) fn of(details: &[u8]) -> Origin {
        match details {
            b"" | b"via_upstream" => Origin::Upstream,
            _ if details.ends_with(b"timeout") => Origin::CutOff,
            _ => Origin::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_no_longer_is_told_from_who_was_not_answered() {
        for (details, origin) in [
            ("", Origin::Upstream),
            ("via_upstream", Origin::Upstream),
            ("response_timeout", Origin::CutOff),
            ("stream_idle_timeout", Origin::CutOff),
            ("upstream_per_try_timeout", Origin::CutOff),
            ("max_duration_timeout", Origin::CutOff),
            (
                "upstream_reset_before_response_started{connection_termination}",
                Origin::NoAnswer,
            ),
            (
                "upstream_reset_before_response_started{connection_timeout}",
                Origin::NoAnswer,
            ),
            (
                "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}",
                Origin::NoAnswer,
            ),
            (
                "upstream_reset_before_response_started{remote_refused_stream_reset}",
                Origin::NoAnswer,
            ),
            ("no_healthy_upstream", Origin::NoAnswer),
            ("route_not_found", Origin::NoAnswer),
            ("cluster_not_found", Origin::NoAnswer),
            (
                "upstream_reset_before_response_started{overflow}",
                Origin::NoAnswer,
            ),
        ] {
            assert_eq!(Origin::of(details.as_bytes()), origin, "{details}");
        }
    }
}
