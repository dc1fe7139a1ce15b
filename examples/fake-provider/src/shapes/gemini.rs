//! Google's `generateContent` and its kin.

use super::Completion;
use crate::usage::Usage;
use serde_json::{Value, json};

/// The whole answer at once.
pub fn whole(completion: &Completion) -> String {
    let parts = format!(r#"{{"text":"{}"}}"#, completion.text());
    let usage = completion.usage.map(|usage| metadata(usage, None));
    answer(completion, &parts, true, usage)
}

/// The answers of a stream, a word each, as server-sent events or as the items of an array. Each
/// repeats the running counts; the last holds.
pub fn stream(completion: &Completion, events: bool) -> Vec<String> {
    let mut words: Vec<&str> = completion.words().collect();
    if words.is_empty() {
        words.push("");
    }
    let last = words.len().saturating_sub(1);
    let answers = words.iter().enumerate().map(|(at, word)| {
        let made = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1);
        let made = (at != last).then_some(made);
        let usage = completion.usage.map(|usage| metadata(usage, made));
        let part = format!(r#"{{"text":"{word}"}}"#);
        answer(completion, &part, at == last, usage)
    });
    if events {
        return answers
            .map(|answer| format!("data: {answer}\r\n\r\n"))
            .collect();
    }
    let mut before = "[";
    let mut parts: Vec<String> = answers
        .map(|answer| std::mem::replace(&mut before, ",\r\n").to_owned() + &answer)
        .collect();
    parts.push("\n]\n".to_owned());
    parts
}

/// The answer to `countTokens`.
pub fn count(tokens: u64) -> Value {
    json!({
        "totalTokens": tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
    })
}

fn answer(completion: &Completion, parts: &str, last: bool, usage: Option<String>) -> String {
    let Completion { id, model, cut, .. } = completion;
    let finish = match (last, cut) {
        (false, _) => "",
        (true, true) => r#","finishReason":"MAX_TOKENS""#,
        (true, false) => r#","finishReason":"STOP""#,
    };
    let candidates = (0..completion.choices).map(|index| {
        format!(r#"{{"content":{{"parts":[{parts}],"role":"model"}}{finish},"index":{index}}}"#)
    });
    let candidates = candidates.collect::<Vec<_>>().join(",");
    let usage = usage.map_or(String::new(), |usage| {
        format!(r#","usageMetadata":{usage}"#)
    });
    format!(r#"{{"candidates":[{candidates}]{usage},"modelVersion":{model},"responseId":"{id}"}}"#)
}

/// The thoughts are counted beside the candidates; `made` says how many tokens of each candidate
/// there are so far, where the answer is not the last.
fn metadata(usage: Usage, made: Option<u64>) -> String {
    let Usage {
        prompt,
        completion,
        cached,
        reasoning,
        ..
    } = usage;
    let whole = completion.saturating_sub(reasoning);
    let candidates = made.map_or(whole, |made| made.min(whole));
    let total = prompt.saturating_add(candidates).saturating_add(reasoning);
    let mut text = format!(
        r#"{{"promptTokenCount":{prompt},"candidatesTokenCount":{candidates},"totalTokenCount":{total}"#
    );
    // Google leaves out what is zero.
    if cached > 0 {
        text += &format!(r#","cachedContentTokenCount":{cached}"#);
    }
    if reasoning > 0 {
        text += &format!(r#","thoughtsTokenCount":{reasoning}"#);
    }
    text + &format!(r#","promptTokensDetails":[{{"modality":"TEXT","tokenCount":{prompt}}}]}}"#)
}
