//! How long a sound is at most, by its bytes.

/// Bytes of sound for a second at least: 6 kbit/s, the least of Opus
/// (<https://www.rfc-editor.org/rfc/rfc6716#section-2.1.1>); MP3 and AAC have more.
const LEAST_BYTES_PER_SECOND: u64 = 750;
/// The bytes of a file that the provider is to fetch, whose length nobody knows: the most that
/// providers take (<https://platform.openai.com/docs/guides/speech-to-text>).
pub(super) const BYTES_OF_LINKED: u64 = 25 * 1024 * 1024;

/// The most seconds that a file has. PCM says how many bytes it has for one; of all else the slowest is
/// assumed.
pub(super) fn most_seconds(file: &[u8]) -> u64 {
    let rate = bytes_per_second_of_pcm(file);
    seconds(file.len() as u64, rate.unwrap_or(LEAST_BYTES_PER_SECOND))
}

/// The most seconds of a file that is not at hand.
pub(super) fn most_seconds_of_linked() -> u64 {
    seconds(BYTES_OF_LINKED, LEAST_BYTES_PER_SECOND)
}

fn seconds(bytes: u64, rate: u64) -> u64 {
    bytes.div_ceil(rate.max(LEAST_BYTES_PER_SECOND))
}

/// What the usual head of a WAV file says, if that is of PCM
/// (<http://soundfile.sapp.org/doc/WaveFormat/>).
fn bytes_per_second_of_pcm(file: &[u8]) -> Option<u64> {
    let is_wav = file.starts_with(b"RIFF") && file.get(8..16) == Some(b"WAVEfmt ");
    let short = |at: usize| -> Option<u64> {
        let bytes = file.get(at..at.checked_add(2)?)?;
        Some(u64::from(u16::from_le_bytes(bytes.try_into().ok()?)))
    };
    let rate = u32::from_le_bytes(file.get(24..28)?.try_into().ok()?);
    let is_pcm = is_wav && short(20)? == 1;
    let bits = short(22)?.checked_mul(short(34)?)?;
    let rate = u64::from(rate).checked_mul(bits)? / 8;
    is_pcm.then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(format: u16, rate: u32, seconds: usize) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        file.extend(format.to_le_bytes());
        file.extend(1u16.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend((rate * 2).to_le_bytes());
        file.extend([2, 0, 16, 0]);
        file.extend(b"data\0\0\0\0");
        file.resize(44 + rate as usize * 2 * seconds, 0);
        file
    }

    #[test]
    fn pcm_tells_its_length_and_all_else_may_be_as_slow_as_speech_gets() {
        assert_eq!(
            most_seconds(&wav(1, 16_000, 3)),
            4,
            "its head is a part of a second"
        );
        assert_eq!(most_seconds(&wav(85, 16_000, 3)), 96_044u64.div_ceil(750));
        assert_eq!(most_seconds(&wav(1, 1, 3)), 1, "no sound is slower");
        assert_eq!(most_seconds(b"ID3"), 1);
        assert_eq!(most_seconds(&[]), 0);
        assert_eq!(most_seconds_of_linked(), 34_953);
    }
}
