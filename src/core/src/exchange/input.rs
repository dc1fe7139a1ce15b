//! What happens to an exchange.

use crate::request::Headers;

/// What happens to an exchange, in the order Envoy tells it.
#[derive(Debug)]
pub enum Input<'a> {
    /// The request's headers are there. `end`: there is no body.
    RequestHeaders {
        /// All of them, pseudo-headers included.
        headers: Headers<'a>,
        /// Envoy's values of the attributes that [`crate::config::Identities::attributes`] names.
        attributes: &'a [Option<Vec<u8>>],
        /// Whether the request ends with them.
        end: bool,
    },
    /// More of the request's body has come; `received` bytes by now.
    RequestBodyGrows {
        /// Bytes received so far, including those that have passed on already.
        received: usize,
    },
    /// The request's body is complete.
    RequestBody {
        /// All of it; empty if it passes through unread.
        body: &'a [u8],
    },
    /// The headers are held and no byte of the body has come for too long: Envoy was not told that
    /// they may be held.
    BodyNeverCame,
    /// The request's body comes [too slowly].
    ///
    /// [too slowly]: crate::exchange::Exchange::is_too_slow
    BodyTooSlow,
    /// The accounting service has answered, and the answer is in the cache or the store.
    Answered {
        /// Whether the service answered at all.
        reached: bool,
    },
    /// The exchange waits in a queue, and it is its turn, or its time is up.
    Turn,
    /// So many attempts have been made of it. Told before the response's headers, where [it matters].
    ///
    /// [it matters]: crate::exchange::Exchange::may_fail_over
    Attempts {
        /// From 1 on.
        made: u64,
    },
    /// The response's headers are there.
    ResponseHeaders {
        /// The HTTP status.
        status: u16,
        /// `content-type`.
        content_type: &'a [u8],
        /// `content-encoding`.
        content_encoding: &'a [u8],
        /// Envoy's `%RESPONSE_CODE_DETAILS%` of an error; empty if it is not one.
        details: &'a [u8],
        /// Whether the response ends with them.
        end: bool,
    },
    /// A chunk of the response's body. Only an exchange that [reads it] needs the bytes; any that
    /// has a hold needs to be told the end.
    ///
    /// [reads it]: crate::exchange::Exchange::reads_response_body
    ResponseBody {
        /// The bytes that came now; empty if the exchange does not read them.
        chunk: &'a [u8],
        /// Whether they are the last.
        end: bool,
    },
    /// The response ends with trailers.
    ResponseTrailers,
    /// The exchange is over, however it ended.
    Closed,
}
