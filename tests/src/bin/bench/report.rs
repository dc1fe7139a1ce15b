//! The report: tables to read, and JSON to compare.

use crate::contender::{Contender, Running};
use crate::figures::{Figures, median, rounded};
use crate::round::Rounds;
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::fmt::{self, Write};

const MIB: f64 = 1024.0 * 1024.0;

/// One scenario, all contenders.
#[derive(Debug)]
pub struct Comparison {
    scenario: Scenario,
    figures: Vec<Figures>,
}

impl Comparison {
    /// From the rounds of each contender, the first of which is bare Envoy.
    pub fn new(
        scenario: Scenario,
        contenders: &[Contender],
        rounds: &[Rounds],
        per_start: usize,
    ) -> Self {
        let none = Rounds::default();
        let bare = rounds.first().unwrap_or(&none);
        let figures = contenders
            .iter()
            .zip(rounds)
            .map(|(contender, rounds)| Figures::new(*contender, rounds, bare, per_start))
            .collect();
        Self { scenario, figures }
    }

    fn floor(&self) -> Option<f64> {
        let mut figures = self.figures.iter();
        let floor = figures.find(|figures| figures.contender == Contender::F4);
        floor.map(|floor| floor.over_bare)
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let figures = self.figures.iter();
        json!({
            "scenario": self.scenario.name(),
            "contenders": figures.map(|one| one.to_json(self.floor())).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = [
            "Envoy CPU",
            "over bare",
            "to f4",
            "throughput",
            "to bare",
            "busy",
            "p50",
            "p99",
            "half p99",
        ];
        let mut head = format!("{:<40}", self.scenario.title());
        for title in titles {
            write!(head, "{title:>11}")?;
        }
        writeln!(f, "{head}")?;
        for figures in &self.figures {
            let to_floor = self.floor().map(|floor| figures.over_bare / floor);
            let cells = [
                format!("{:.1} us", figures.cpu),
                format!("{:+.1} us", figures.over_bare),
                to_floor.map_or("-".into(), |ratio| format!("{ratio:.2}")),
                format!("{:.0}/s", figures.throughput),
                format!("{:.2}", figures.ratio),
                format!("{:.0} %", figures.busy * 100.0),
                format!("{:.2} ms", figures.p50.as_secs_f64() * 1e3),
                format!("{:.2} ms", figures.p99.as_secs_f64() * 1e3),
                format!("{:.2} ms", figures.half_p99.as_secs_f64() * 1e3),
            ];
            let mut line = format!("  {:<38}", figures.contender.name());
            for cell in cells {
                write!(line, "{cell:>11}")?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// What each contender's Envoy is like whatever it is asked: medians over its starts.
#[derive(Debug, Default)]
pub struct Processes(Vec<Process>);

#[derive(Debug)]
struct Process {
    contender: Contender,
    /// Seconds from the start until it answers.
    ready: Vec<f64>,
    /// Bytes, after the load.
    resident: Vec<f64>,
}

impl Processes {
    /// Adds one start of a contender, after its load.
    pub fn add(&mut self, running: &Running) -> anyhow::Result<()> {
        let contender = running.contender;
        let ready = running.ready.as_secs_f64();
        let resident = running.resident()? as f64;
        match self.0.iter_mut().find(|one| one.contender == contender) {
            Some(process) => {
                process.ready.push(ready);
                process.resident.push(resident);
            }
            None => self.0.push(Process {
                contender,
                ready: vec![ready],
                resident: vec![resident],
            }),
        }
        Ok(())
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let each = self.0.iter().map(|process| {
            json!({
                "contender": process.contender.name(),
                "ready_seconds": rounded(median(process.ready.clone())),
                "resident_bytes": median(process.resident.clone()),
            })
        });
        each.collect()
    }
}

impl fmt::Display for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |contender| {
            let found = self.0.iter().find(|process| process.contender == contender);
            found.map(|process| median(process.resident.clone()))
        };
        let empty = of(Contender::Empty);
        writeln!(
            f,
            "{:<40}{:>11}{:>11}{:>11}",
            "Envoy", "ready", "RSS", "over empty"
        )?;
        for process in &self.0 {
            let resident = median(process.resident.clone());
            let over = empty.map_or("-".into(), |empty| {
                format!("{:+.0} MiB", (resident - empty) / MIB)
            });
            writeln!(
                f,
                "  {:<38}{:>11}{:>11}{over:>11}",
                process.contender.name(),
                format!("{:.2} s", median(process.ready.clone())),
                format!("{:.0} MiB", resident / MIB),
            )?;
        }
        Ok(())
    }
}
