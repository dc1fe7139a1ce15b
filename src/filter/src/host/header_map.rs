//! Headers as the host hands them over: in one piece, of which nothing is copied.

/// The headers of one direction, as proxy-wasm serializes a map: the number of pairs, the lengths of
/// each name and value (32 bits each, the lowest byte first), then names and values, each ended by a
/// zero byte (<https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#serialization>).
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderMap(Vec<u8>);

/// Bytes of a number.
const WORD: usize = 4;

impl HeaderMap {
    pub(crate) fn new(serialized: Vec<u8>) -> Self {
        HeaderMap(serialized)
    }

    /// The pairs in order. A name that is not UTF-8, which Envoy lets no client send, is left out, and
    /// so is all that comes after the end of what is there.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let count = word(&self.0).unwrap_or(0);
        let lengths = self.0.get(WORD..).unwrap_or_default();
        let all = count.saturating_mul(2 * WORD);
        let (lengths, mut texts) = lengths.split_at_checked(all).unwrap_or_default();
        let mut next = move |length: &[u8]| {
            let (text, rest) = texts.split_at_checked(word(length)?)?;
            texts = rest.get(1..)?;
            Some(text)
        };
        let pairs = lengths.chunks_exact(2 * WORD).map_while(move |lengths| {
            let name = next(lengths)?;
            Some((name, next(lengths.get(WORD..)?)?))
        });
        pairs.filter_map(|(name, value)| Some((core::str::from_utf8(name).ok()?, value)))
    }
}

fn word(bytes: &[u8]) -> Option<usize> {
    let word = bytes.first_chunk::<WORD>()?;
    usize::try_from(u32::from_le_bytes(*word)).ok()
}

#[cfg(test)]
impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for HeaderMap {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        let (mut lengths, mut texts) = (Vec::new(), Vec::new());
        let mut count: u32 = 0;
        for (name, value) in pairs {
            count += 1;
            for text in [name.as_ref().as_bytes(), value.as_ref()] {
                lengths.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                texts.extend_from_slice(text);
                texts.push(0);
            }
        }
        HeaderMap([&count.to_le_bytes(), &lengths[..], &texts].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_what_is_cut_off_is_left_out() {
        let list = [(":method", &b"GET"[..]), ("x-a", b""), ("x-b", b"\xff\0")];
        let map: HeaderMap = list.into_iter().collect();
        assert_eq!(map.pairs().collect::<Vec<_>>(), list);
        for length in 0..map.0.len() {
            let cut = HeaderMap::new(map.0[..length].to_vec());
            assert!(cut.pairs().count() < list.len(), "{length}");
        }
        let none = HeaderMap::new(u32::MAX.to_le_bytes().to_vec());
        assert_eq!(none.pairs().count(), 0);
    }
}
