//! Crashing on request: never part of a filter that is meant for use.

/// Traps the VM where a request has the header `x-fault: trap`.
pub(crate) fn trap_if_asked(headers: &[(String, Vec<u8>)]) {
    let asks = |(name, value): &(String, Vec<u8>)| name == "x-fault" && value == b"trap";
    if headers.iter().any(asks) {
        #[expect(clippy::panic, reason = "this is what was asked for")]
        {
            panic!("asked to trap");
        }
    }
}
