// SPDX-License-Identifier: MIT
//! A task a unit, suspended in `Notify::notified`; `notify_waiters` releases all of them.

use crate::{kernel, probe::Probe, work, Failure, Outcome, Request, Session};
use std::sync::atomic::{AtomicU64, Ordering::AcqRel};
use std::sync::Arc;
use tokio::{runtime::Runtime, sync::Notify};

pub struct Idle {
    seed: u64,
    units: u64,
    ballast_bytes: u64,
}

impl Idle {
    pub fn new(asked: &Request) -> Self {
        Idle { seed: asked.number("seed"), units: asked.param("units"), ballast_bytes: asked.param("ballast_bytes") }
    }
}

#[derive(Default)]
struct Shared {
    gate: Notify,
    missing: AtomicU64,
    all_wait: Notify,
}

async fn live(shared: Arc<Shared>, seed: u64, i: u64, ballast_bytes: u64, probe: &'static Probe) -> u64 {
    let mut ballast = vec![0; ballast_bytes as usize].into_boxed_slice();
    kernel::payload(seed, i, &mut ballast);
    // From here on it is woken, whether it has been polled by then or not.
    let opened = shared.gate.notified();
    probe.begin(i);
    if shared.missing.fetch_sub(1, AcqRel) == 1 {
        shared.all_wait.notify_one();
    }
    opened.await;
    probe.end(i);
    kernel::hash(seed ^ i, &ballast)
}

impl Session for Idle {
    fn run(&mut self, runtime: &Runtime, probe: &'static Probe) -> Result<Outcome, Failure> {
        let Idle { seed, units, ballast_bytes } = *self;
        work(runtime, async move {
            let shared = Arc::new(Shared::default());
            let mut tasks = Vec::with_capacity(units as usize);
            for step in [units / 4, units / 2, units] {
                let made = tasks.len() as u64;
                shared.missing.store(step - made, std::sync::atomic::Ordering::Release);
                tasks.extend((made..step).map(|i| tokio::spawn(live(shared.clone(), seed, i, ballast_bytes, probe))));
                shared.all_wait.notified().await;
                probe.look();
            }
            shared.gate.notify_waiters();
            let (mut released, mut sum) = (0u64, 0u64);
            for task in tasks {
                sum = sum.wrapping_add(task.await?);
                released += 1;
            }
            Ok(vec![("released", released), ("sum", sum)])
        })?
    }
}
