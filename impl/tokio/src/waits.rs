// SPDX-License-Identifier: MIT
//! A task a wait, in `tokio::time::sleep`: a timer of whole milliseconds in a wheel.

use crate::{kernel, probe::Probe, work, Failure, Outcome, Request, Session};
use std::time::Duration;
use tokio::{runtime::Runtime, time::sleep};

pub struct Waits {
    seed: u64,
    waits: u64,
    shortest_us: u64,
    longest_us: u64,
}

impl Waits {
    pub fn new(asked: &Request) -> Self {
        Waits {
            seed: asked.number("seed"),
            waits: asked.param("waits"),
            shortest_us: asked.param("shortest_us"),
            longest_us: asked.param("longest_us"),
        }
    }
}

async fn wait(i: u64, length: Duration, probe: &Probe) -> u64 {
    probe.begin(i);
    sleep(length).await;
    probe.end(i);
    kernel::mix(i)
}

impl Session for Waits {
    fn run(&mut self, runtime: &Runtime, probe: &'static Probe) -> Result<Outcome, Failure> {
        let Waits { seed, waits, shortest_us, longest_us } = *self;
        work(runtime, async move {
            let mut tasks = Vec::with_capacity(waits as usize);
            for i in 0..waits {
                let length = Duration::from_nanos(kernel::wait_ns(seed, i, shortest_us, longest_us));
                tasks.push(tokio::spawn(wait(i, length, probe)));
            }
            let (mut completed, mut checksum) = (0u64, 0u64);
            for task in tasks {
                checksum = checksum.wrapping_add(task.await?);
                completed += 1;
            }
            Ok(vec![("completed", completed), ("checksum", checksum)])
        })?
    }
}
