//! Changes to real inputs: of bytes, of tokens, of parts of other inputs.

use rand::rngs::SmallRng;
use rand::{Rng, RngExt};

/// No input is longer.
const LONGEST: usize = 64 << 10;

/// What readers stumble over.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "-0",
    "1e308",
    "1e999",
    "1.5",
    "0.0",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "\"model\":",
    "\"Model\":",
    "\"mo\\u0064el\":",
    "\"ſtream\":true,",
    "\"usage\":",
    "\"stream\":true,",
    "\"n\":",
    "\"max_tokens\":",
    "\"max_completion_tokens\":",
    "\"prompt_tokens\":",
    "\"completion_tokens\":",
    "\"input_tokens\":",
    "\"output_tokens\":",
    "\"cost\":",
    "\"spent\":",
    "\"lent\":",
    "\"expires_at\":",
    "data: ",
    "data:[DONE]\n\n",
    "\n\n",
    "\r\n",
    "\r",
    ": keep-alive\n\n",
    "event: error\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "&",
    "=",
    "%",
    "%00",
    "%2f",
    "?",
    "#",
    "pdk_",
    "Bearer ",
    "\0",
];

/// A change of one of the seeds.
pub fn mutate(seeds: &[Vec<u8>], random: &mut SmallRng) -> Vec<u8> {
    let mut input = pick(seeds, random).map_or_else(Vec::new, Vec::clone);
    for _ in 0..random.random_range(1..=6) {
        change(&mut input, seeds, random);
    }
    input.truncate(LONGEST);
    input
}

fn pick<'a, T>(from: &'a [T], random: &mut SmallRng) -> Option<&'a T> {
    (!from.is_empty()).then(|| &from[random.random_range(0..from.len())])
}

/// A part of an input: some bytes of it, or from one sign of JSON to the next.
fn part(input: &[u8], random: &mut SmallRng) -> std::ops::Range<usize> {
    let begin = random.random_range(0..=input.len());
    let end = match random.random_range(0..3) {
        0 => begin + random.random_range(0..8usize),
        1 => begin + random.random_range(0..256usize),
        _ => {
            let is_sign = |byte: &u8| b"{}[],:\"\n&".contains(byte);
            let next = input[begin..].iter().skip(1).position(is_sign);
            begin + next.map_or(0, |next| next + 1)
        }
    };
    begin..end.min(input.len())
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut SmallRng) {
    let range = part(input, random);
    let at = range.start;
    match random.random_range(0..12) {
        0 if at < input.len() => input[at] = random.random(),
        1 if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
        2 => input.insert(at, random.random()),
        3 => drop(input.drain(range)),
        4 | 5 => {
            // What is there twice, a member for one, is where readers differ.
            let again = input[range].to_vec();
            let to = random.random_range(0..=input.len());
            let times = if random.random_range(0..20) == 0 {
                200
            } else {
                1
            };
            input.splice(to..to, again.repeat(times));
        }
        6 | 7 => {
            let token = pick(TOKENS, random).map_or("", |token| *token);
            let end = if random.random() { at } else { range.end };
            input.splice(at..end, token.bytes());
        }
        8 => number(input, random),
        9 => {
            let other = pick(seeds, random).map_or(&[][..], Vec::as_slice);
            let with = other[part(other, random)].to_vec();
            input.splice(range, with);
        }
        10 => {
            if let Some(letter) = input[range]
                .iter_mut()
                .find(|byte| byte.is_ascii_alphabetic())
            {
                *letter ^= 0x20;
            }
        }
        _ if random.random_range(0..8) == 0 => input.truncate(at),
        _ => {
            let depth = random.random_range(1..200);
            let open = if random.random() {
                &b"["[..]
            } else {
                br#"{"a":"#
            };
            input.splice(at..at, open.repeat(depth));
        }
    }
    input.truncate(LONGEST);
}

/// Replaces a number by one at a limit.
fn number(input: &mut Vec<u8>, random: &mut SmallRng) {
    let from = random.random_range(0..=input.len());
    let Some(begin) = input[from..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let begin = from + begin;
    let length = input[begin..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let shift = random.random_range(0..65);
    let power = 1u128 << shift;
    let number = match random.random_range(0..4) {
        0 => power.saturating_sub(1).to_string(),
        1 => (power + 1).to_string(),
        2 => random.next_u64().to_string(),
        _ => format!("-{power}"),
    };
    input.splice(begin..begin + length, number.bytes());
}
