//! The two things the filter takes from WASI: randomness and its environment.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(buffer: *mut u8, length: usize) -> u16;
    fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u16;
    fn environ_get(pointers: *mut *const u8, buffer: *mut u8) -> u16;
}

/// `N` random bytes from the host's secure source; zeros where the host has none.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the host writes at most `N` bytes to a buffer of `N` bytes.
    let status = unsafe { random_get(bytes.as_mut_ptr(), N) };
    if status != 0 {
        log::error!("the host has no randomness (status {status}): ids are not unique");
    }
    bytes
}

/// The value of an environment variable the operator lets through in `vm_config`.
pub(crate) fn environment_variable(name: &str) -> Option<String> {
    let (mut count, mut size) = (0, 0);
    // SAFETY: the host writes one word to each of two words.
    if unsafe { environ_sizes_get(&raw mut count, &raw mut size) } != 0 || size == 0 {
        return None;
    }
    let mut pointers = vec![core::ptr::null(); count];
    let mut buffer = vec![0u8; size];
    // SAFETY: both buffers have the sizes the host asked for.
    if unsafe { environ_get(pointers.as_mut_ptr(), buffer.as_mut_ptr()) } != 0 {
        return None;
    }
    buffer
        .split(|byte| *byte == 0)
        .filter_map(|entry| core::str::from_utf8(entry).ok()?.split_once('='))
        .find(|(variable, _)| *variable == name)
        .map(|(_, value)| value.to_owned())
}
