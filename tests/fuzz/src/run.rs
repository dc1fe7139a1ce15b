//! Gives a target inputs until its time is over.

use crate::{Target, corpus, mutation};
use anyhow::{Context, bail};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How many inputs are given between two looks at the clock.
const BETWEEN: u64 = 64;

/// Gives the target what was found once, then its real inputs, then changes of both. How many it got.
///
/// # Errors
/// A property did not hold: the input is in a file, which the error names.
pub fn run(target: &Target, span: Duration, seed: u64) -> anyhow::Result<u64> {
    // What a panic says is in the error.
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let count = give(target, span, seed);
    std::panic::set_hook(loud);
    count
}

fn give(target: &Target, span: Duration, seed: u64) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let kept = corpus::files(&corpus::kept(target.name))?;
    let mut seeds: Vec<Vec<u8>> = kept.into_iter().map(|(_, input)| input).collect();
    seeds.extend((target.seeds)()?);
    let mut random = SmallRng::seed_from_u64(seed);
    let mut count: u64 = 0;
    for input in &seeds {
        check(target, input)?;
        count += 1;
    }
    while begun.elapsed() < span {
        for _ in 0..BETWEEN {
            check(target, &mutation::mutate(&seeds, &mut random))?;
            count += 1;
        }
    }
    Ok(count)
}

fn check(target: &Target, input: &[u8]) -> anyhow::Result<()> {
    if let Some(why) = failure(target, input) {
        let smaller = shrunk(target, input.to_vec());
        let path = corpus::kept(target.name).join(format!("found-{:016x}", name_of(&smaller)));
        std::fs::create_dir_all(corpus::kept(target.name))?;
        std::fs::write(&path, &smaller)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let why = failure(target, &smaller).unwrap_or(why);
        bail!(
            "{}: {} does not pass: {why}: {:?}",
            target.name,
            path.display(),
            String::from_utf8_lossy(&smaller)
        );
    }
    Ok(())
}

/// What the target says of an input that does not pass.
fn failure(target: &Target, input: &[u8]) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| (target.check)(input))).err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Some(text.unwrap_or("it panics").to_owned())
}

/// The same failure with as few bytes as can be found soon.
fn shrunk(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    let mut size = input.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= input.len() {
            let mut smaller = input.clone();
            smaller.drain(at..at + size);
            match failure(target, &smaller) {
                Some(_) => input = smaller,
                None => at += size,
            }
        }
        size /= 2;
    }
    input
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same input has the same file.
fn name_of(input: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    input.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
