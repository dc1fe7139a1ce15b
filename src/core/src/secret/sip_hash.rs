//! SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, <https://www.aumasson.jp/siphash/>; the
//! reference is <https://github.com/veorq/SipHash>): a hash under a secret key, of which nobody who does
//! not know that key can make two inputs that collide, nor tell an input.

/// The hash of `bytes` under `key`.
pub(crate) fn sip_hash(key: [u64; 2], bytes: &[u8]) -> [u64; 2] {
    let [k0, k1] = key;
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        absorb(&mut state, little_endian(word));
    }
    // The last word has the length's lowest byte at its top.
    let length = (bytes.len() as u64) << 56;
    absorb(&mut state, little_endian(words.remainder()) | length);
    let [_, _, v2, _] = &mut state;
    *v2 ^= 0xee;
    (0..4).for_each(|_| round(&mut state));
    let first = folded(&state);
    let [_, v1, ..] = &mut state;
    *v1 ^= 0xdd;
    (0..4).for_each(|_| round(&mut state));
    [first, folded(&state)]
}

fn folded([v0, v1, v2, v3]: &[u64; 4]) -> u64 {
    v0 ^ v1 ^ v2 ^ v3
}

fn little_endian(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

fn absorb(state: &mut [u64; 4], word: u64) {
    let [_, _, _, v3] = state;
    *v3 ^= word;
    round(state);
    round(state);
    let [v0, ..] = state;
    *v0 ^= word;
}

fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v3);
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.wrapping_add(*v3);
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the reference's `vectors.h`, `vectors_sip128`: the key is the bytes 0 to 15, the input of
    /// length `n` the bytes 0 to `n` - 1.
    #[test]
    fn it_is_that_of_the_reference() {
        let bytes: Vec<u8> = (0..64).collect();
        let key = [little_endian(&bytes[..8]), little_endian(&bytes[8..16])];
        let hex = |length: usize| {
            let hash = sip_hash(key, &bytes[..length]);
            hex::encode(hash.map(u64::to_le_bytes).concat())
        };
        assert_eq!(hex(0), "a3817f04ba25a8e66df67214c7550293");
        assert_eq!(hex(1), "da87c1d86b99af44347659119b22fc45");
        assert_eq!(hex(2), "8177228da4a45dc7fca38bdef60affe4");
        assert_eq!(hex(15), "5493e99933b0a8117e08ec0f97cfc3d9");
    }
}
