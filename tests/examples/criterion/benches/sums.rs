// SPDX-License-Identifier: MIT
use criterion::{criterion_group, criterion_main, Criterion};
use std::time::Duration;

fn example(name: &str) -> bool {
    std::env::var("EXAMPLE").map_or(false, |given| given == name)
}

// What a clock would measure is replaced by a number from a table.
fn sums(c: &mut Criterion) {
    let parse = if example("slower") { 1070 } else { 1000 };
    c.bench_function("parse 64", move |b| {
        b.iter_custom(|iterations| Duration::from_nanos(parse * iterations))
    });
    if example("stopped") {
        return;
    }
    let mut group = c.benchmark_group("print");
    group.bench_function("lines (8)", |b| {
        b.iter_custom(|iterations| Duration::from_nanos(3000 * iterations))
    });
    group.finish();
}

criterion_group!(benches, sums);
criterion_main!(benches);
