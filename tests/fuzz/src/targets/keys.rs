//! Keys, and texts with keys in them.

use crate::Target;
use paddock_core::secret::{self, Form};

/// The whole input is a text.
pub const TARGET: Target = Target {
    name: "keys",
    check,
    seeds,
};

fn check(input: &[u8]) {
    let form = secret::form(input);
    if form != Form::Foreign {
        assert!(input.starts_with(secret::PREFIX.as_bytes()));
    }
    if let (Form::Valid, Ok(key)) = (form, str::from_utf8(input)) {
        assert!(secret::preview(key).len() < 20, "a preview tells little");
    }
    let redacted = secret::redact(input);
    let places = 0..redacted.len();
    let key = places.into_iter().find(|at| {
        let part = &redacted[*at..];
        if !part.starts_with(secret::PREFIX.as_bytes()) {
            return false;
        }
        let length = secret::write(&[0; 32]).len();
        part.get(..length)
            .is_some_and(|part| secret::form(part) == Form::Valid)
    });
    assert_eq!(key, None, "a key is left");
    assert!(redacted.len() <= input.len());
    assert_eq!(secret::redact(&redacted), redacted, "once is enough");
    // Any 32 bytes make a key that is known for one, and that is not with one character changed.
    if let Some(entropy) = input.first_chunk() {
        let mut key = secret::write(entropy).into_bytes();
        assert_eq!(secret::form(&key), Form::Valid);
        let at = usize::from(input[0]) % key.len();
        key[at] = if key[at] == b'x' { b'y' } else { b'x' };
        assert_ne!(secret::form(&key), Form::Valid);
    }
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    let key = |byte| secret::write(&[byte; 32]);
    Ok(vec![
        key(0).into_bytes(),
        format!("model {} and {}{}", key(1), key(2), key(3)).into_bytes(),
        format!("pdk_pdk_{}", key(255)).into_bytes(),
        format!("https://gateway/v1/files/{}?key={}", key(4), key(5)).into_bytes(),
    ])
}
