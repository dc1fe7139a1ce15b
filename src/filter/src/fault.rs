//! Crashing on request: never part of a filter that is meant for use.

/// Traps the VM where a request has the header `x-fault: trap`.
pub(crate) fn trap_if_asked(headers: &[(&str, &[u8])]) {
    if headers.contains(&("x-fault", b"trap")) {
        #[expect(clippy::panic, reason = "this is what was asked for")]
        {
            panic!("asked to trap");
        }
    }
}
