//! How long the core's part in one request takes: `make bench-core`.
#![allow(missing_docs, clippy::expect_used, clippy::arithmetic_side_effects)]

mod work;

use core::time::Duration;
use criterion::{BatchSize, Criterion};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for (name, mut run) in work::all() {
        criterion.bench_function(name, |bencher| bencher.iter(&mut run));
    }
    criterion.bench_function("settle two scopes", |bencher| {
        let tenant = core::cell::RefCell::new(work::Tenant::new());
        bencher.iter_batched(
            || tenant.borrow_mut().admit(),
            |hold| tenant.borrow_mut().settle(hold),
            BatchSize::SmallInput,
        );
    });
    criterion.final_summary();
}
