//! The format of the keys Paddock gives out.
//!
//! `pdk_` + 43 characters of base62 (256 bits) + 6 characters of base62 (CRC-32 of all that comes
//! before). The prefix lets a secret scanner find a leaked key, the checksum tells a typing error
//! from a revoked key without a look-up; the scheme is that of GitHub's token formats.

mod sip_hash;

pub(crate) use sip_hash::sip_hash;

use crate::ids::KeyDigest;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::ConstantTimeEq;

/// What every key made by Paddock begins with.
pub const PREFIX: &str = "pdk_";
const BODY_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What the text of a key says about itself, before anybody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Made by Paddock, checksum right.
    Valid,
    /// Begins like one of ours, but a character is wrong, missing or too many.
    Mistyped,
    /// Not of this format: an operator's own admin key, or somebody else's key.
    Foreign,
}

/// Writes 256 bits, drawn by the caller from a secure source, as a key.
pub fn write(entropy: &[u8; 32]) -> String {
    let mut key = String::with_capacity(PREFIX.len().saturating_add(BODY_CHARS + CHECKSUM_CHARS));
    key.push_str(PREFIX);
    push_base62(&mut key, entropy, BODY_CHARS);
    let checksum = crc32(key.as_bytes()).to_be_bytes();
    push_base62(&mut key, &checksum, CHECKSUM_CHARS);
    key
}

/// Judges the form of `key` alone.
pub fn form(key: &[u8]) -> Form {
    if !key.starts_with(PREFIX.as_bytes()) {
        return Form::Foreign;
    }
    let Some((body, checksum)) = key.split_last_chunk::<CHECKSUM_CHARS>() else {
        return Form::Mistyped;
    };
    if body.len() != PREFIX.len().saturating_add(BODY_CHARS) {
        return Form::Mistyped;
    }
    let mut expected = String::with_capacity(CHECKSUM_CHARS);
    push_base62(&mut expected, &crc32(body).to_be_bytes(), CHECKSUM_CHARS);
    if expected.as_bytes() == checksum {
        Form::Valid
    } else {
        Form::Mistyped
    }
}

/// What stands in a text in the place of a key.
const REDACTED: &[u8] = b"pdk_[redacted]";
/// The length of a key in bytes.
const LENGTH: usize = PREFIX.len() + BODY_CHARS + CHECKSUM_CHARS;

/// `text` with every key in it replaced that has a right checksum: for what is kept or shown of what a
/// client wrote somewhere else than where keys belong.
pub fn redact(text: &[u8]) -> Cow<'_, [u8]> {
    if text.len() < LENGTH {
        return Cow::Borrowed(text);
    }
    let mut result = Vec::new();
    let mut rest = text;
    while let Some(at) = next_key(rest) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, b""));
        result.extend_from_slice(before);
        result.extend_from_slice(REDACTED);
        rest = after.get(LENGTH..).unwrap_or_default();
    }
    match result.is_empty() {
        true => Cow::Borrowed(text),
        false => {
            result.extend_from_slice(rest);
            Cow::Owned(result)
        }
    }
}

/// Whether a key with a right checksum is somewhere in `text`.
pub fn has_key(text: &[u8]) -> bool {
    next_key(text).is_some()
}

/// Where the first key begins.
fn next_key(text: &[u8]) -> Option<usize> {
    let is_key = |at: &usize| {
        let end = at.saturating_add(LENGTH);
        let candidate = text.get(*at..end);
        candidate.is_some_and(|key| form(key) == Form::Valid)
    };
    memchr::memmem::find_iter(text, PREFIX).find(is_key)
}

/// The digest under which a key is stored and looked up.
pub fn digest(key: &[u8]) -> KeyDigest {
    KeyDigest(Sha256::digest(key).into())
}

/// Whether two digests are the same, in time that does not depend on where they differ.
pub fn digests_equal(a: &KeyDigest, b: &KeyDigest) -> bool {
    a.0.ct_eq(&b.0).into()
}

/// The first 8 and last 4 characters: what may be shown of a key after it was made.
pub fn preview(key: &str) -> String {
    let head: String = key.chars().take(8).collect();
    let tail: Vec<char> = key.chars().rev().take(4).collect();
    head + "..." + &tail.into_iter().rev().collect::<String>()
}

/// Appends `bytes`, a big-endian number, as exactly `width` base62 digits.
fn push_base62(out: &mut String, bytes: &[u8], width: usize) {
    let mut number: Vec<u8> = bytes.to_vec();
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        let mut remainder: u32 = 0;
        for byte in &mut number {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            remainder = value % 62;
        }
        *digit = ALPHABET.get(remainder as usize).copied().unwrap_or(b'0');
    }
    out.extend(digits.into_iter().map(char::from));
}

/// CRC-32 as in IEEE 802.3 (reflected, polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(write(&[0xff; 32]).len(), 53);
    }

    proptest! {
        #[test]
        fn a_written_key_is_valid_and_any_one_changed_character_is_a_typo(
            entropy: [u8; 32], at in 4usize..53, to in "[0-9A-Za-z]",
        ) {
            let key = write(&entropy);
            prop_assert_eq!(form(key.as_bytes()), Form::Valid);
            let mut typo = key.clone();
            typo.replace_range(at..=at, &to);
            let expected = if typo == key { Form::Valid } else { Form::Mistyped };
            prop_assert_eq!(form(typo.as_bytes()), expected);
            prop_assert_eq!(form(&key.as_bytes()[..at]), Form::Mistyped);
        }

        #[test]
        fn keys_are_redacted_wherever_they_are(
            entropy: [[u8; 32]; 2], around in "[ -~é]{0,8}", typo in 4usize..53,
        ) {
            let keys = entropy.map(|entropy| write(&entropy));
            let text = format!("{around}pdk_{}{around}{}", keys[0], keys[1]);
            let expected = format!("{around}pdk_pdk_[redacted]{around}pdk_[redacted]");
            prop_assert_eq!(&*redact(text.as_bytes()), expected.as_bytes());
            let mut mistyped = keys[0].clone();
            mistyped.replace_range(typo..=typo, "-");
            prop_assert!(matches!(redact(mistyped.as_bytes()), Cow::Borrowed(_)));
        }

        #[test]
        fn arbitrary_bytes_have_a_form(bytes: Vec<u8>) {
            form(&bytes);
        }
    }
}
