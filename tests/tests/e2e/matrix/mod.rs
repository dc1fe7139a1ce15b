//! Every format, streaming and not, however it ends, with the exact line of the ledger.
//!
//! The models have a price of their own for every kind of token, so that no kind can be taken for
//! another. Where nothing is counted by the provider, the ledger has the estimate: of the prompt a
//! token for every four bytes of text and three for every object, of the answer what was seen, one
//! token for four bytes, and one for each event that brought text at least. If the client leaves before
//! anything was seen, the answer may go on to its limit at the provider.

mod anthropic;
mod embeddings;
mod ending;
mod free;
mod gemini;
mod openai;
mod responses;

use crate::gateway::{Gateway, Line};
use ending::Ending;
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::sync::OnceLock;

const OPEN_AI: &str = "matrix-openai";
const ANTHROPIC: &str = "matrix-anthropic";
const GEMINI: &str = "matrix-gemini";

/// Nano-dollars a token, that is, thousandths of a dollar per million.
const INPUT: i64 = 3_000;
const CACHED: i64 = 300;
const WRITE_5M: i64 = 3_750;
const WRITE_1H: i64 = 6_000;
const OUTPUT: i64 = 15_000;

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let gateway = Gateway::lasting("matrix", StackOptions::default());
        let models = [
            (OPEN_AI, "openai"),
            (ANTHROPIC, "anthropic"),
            (GEMINI, "gemini"),
        ];
        let dollars = |nanos: i64| nanos as f64 / 1_000.0;
        for (model, upstream) in models {
            let price = json!({
                "upstream": upstream,
                "input_usd_per_million": dollars(INPUT),
                "cached_input_usd_per_million": dollars(CACHED),
                "cache_write_5m_usd_per_million": dollars(WRITE_5M),
                "cache_write_1h_usd_per_million": dollars(WRITE_1H),
                "output_usd_per_million": dollars(OUTPUT),
            });
            gateway.model(model, &price);
        }
        gateway
    })
}

/// How a format is asked.
struct Shape {
    path: &'static str,
    body: Value,
    /// What ends each event of its stream; absent where it does not stream.
    event_end: Option<&'static str>,
}

/// The line of the ledger, as far as it differs from cell to cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    status: i64,
    outcome: &'static str,
    estimated: bool,
    tokens: Tokens,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tokens {
    input: i64,
    cached: i64,
    write_5m: i64,
    write_1h: i64,
    output: i64,
    reasoning: i64,
}

impl Tokens {
    /// Without anything of the cache, and no reasoning.
    const fn plain(input: i64, output: i64) -> Tokens {
        Tokens {
            input,
            output,
            cached: 0,
            write_5m: 0,
            write_1h: 0,
            reasoning: 0,
        }
    }

    fn cost(&self) -> i64 {
        self.input * INPUT
            + self.cached * CACHED
            + self.write_5m * WRITE_5M
            + self.write_1h * WRITE_1H
            + self.output * OUTPUT
    }
}

/// What the provider counted.
const fn exact(tokens: Tokens) -> Cell {
    Cell {
        status: 200,
        outcome: "complete",
        estimated: false,
        tokens,
    }
}

/// A whole answer that was not counted.
const fn guessed(tokens: Tokens) -> Cell {
    Cell {
        estimated: true,
        ..exact(tokens)
    }
}

/// An answer that broke off.
const fn truncated(status: i64, tokens: Tokens) -> Cell {
    Cell {
        status,
        outcome: "truncated",
        estimated: true,
        tokens,
    }
}

/// The provider's failure.
const fn failed(status: i64) -> Cell {
    Cell {
        status,
        outcome: "upstream_error",
        estimated: false,
        tokens: Tokens::plain(0, 0),
    }
}

/// Makes every call of a row, then compares every line.
#[track_caller]
fn check(shape: &Shape, row: &[(Ending, Cell)]) {
    let gateway = gateway();
    let calls: Vec<_> = row
        .iter()
        .map(|(ending, cell)| {
            let tenant = gateway.tenant("matrix", json!({}));
            ending.bring_about(gateway, &tenant, shape);
            (ending, cell, tenant)
        })
        .collect();
    let mut wrong = Vec::new();
    for (ending, cell, tenant) in calls {
        let line = gateway.ledger(&tenant, 1).remove(0);
        let found = Cell {
            status: line.status,
            outcome: line.outcome.clone().leak(),
            estimated: line.estimated,
            tokens: tokens(&line),
        };
        let is_free = row.iter().all(|(_, cell)| cell.tokens == Tokens::default());
        let cost = if is_free { 0 } else { cell.tokens.cost() };
        let names = (line.stream, line.endpoint.as_str());
        let path = shape.path.split('?').next().unwrap();
        if found != *cell || line.cost != cost || names != (shape.event_end.is_some(), path) {
            wrong.push(format!(
                "{ending:?}: expected {cell:?} {cost}\n  found {line:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", shape.path, wrong.join("\n"));
}

fn tokens(line: &Line) -> Tokens {
    Tokens {
        input: line.input,
        cached: line.cached,
        write_5m: line.write_5m,
        write_1h: line.write_1h,
        output: line.output,
        reasoning: line.reasoning,
    }
}
