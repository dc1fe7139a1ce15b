//! Vectors, as OpenAI and as Google send them.

use base64::Engine;
use serde_json::{Value, json};

/// The vectors of some inputs.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// What each vector is drawn from.
    pub seeds: Vec<u64>,
    /// The length of a vector.
    pub dimensions: usize,
    /// What to report, if anything.
    pub tokens: Option<u64>,
}

impl Embeddings {
    /// As OpenAI sends them: numbers, or base64 of little-endian 32-bit floats.
    pub fn open_ai(&self, model: &str, base64: bool) -> Value {
        let data = self.vectors().enumerate().map(|(index, vector)| {
            let embedding = if base64 {
                let bytes = vector.into_iter().flat_map(f32::to_le_bytes);
                let bytes = bytes.collect::<Vec<u8>>();
                base64::engine::general_purpose::STANDARD
                    .encode(bytes)
                    .into()
            } else {
                Value::from(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        });
        let data = data.collect::<Vec<_>>();
        let mut answer = json!({"object": "list", "data": data, "model": model});
        if let (Some(tokens), Some(answer)) = (self.tokens, answer.as_object_mut()) {
            let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
            answer.insert("usage".into(), usage);
        }
        answer
    }

    /// As Google sends them: one by itself, or several in a list.
    pub fn gemini(&self, several: bool) -> Value {
        let mut vectors = self.vectors().map(|values| json!({ "values": values }));
        let mut answer = if several {
            json!({"embeddings": vectors.collect::<Vec<_>>()})
        } else {
            json!({"embedding": vectors.next()})
        };
        if let (Some(tokens), Some(answer)) = (self.tokens, answer.as_object_mut()) {
            let usage = json!({"promptTokenCount": tokens});
            answer.insert("usageMetadata".into(), usage);
        }
        answer
    }

    fn vectors(&self) -> impl Iterator<Item = Vec<f32>> {
        let dimensions = self.dimensions;
        let vector = move |seed: &u64| (0..dimensions).map(|at| component(*seed, at)).collect();
        self.seeds.iter().map(vector)
    }
}

fn component(seed: u64, at: usize) -> f32 {
    let at = u64::try_from(at).unwrap_or(0);
    let number = seed.wrapping_add(at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    f32::from(u16::try_from(number).unwrap_or(0)) / 65_536.0 - 0.5
}
