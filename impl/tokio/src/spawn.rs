// SPDX-License-Identifier: MIT
//! `tokio::spawn` and its JoinHandle: a task a unit.

use crate::{kernel, probe::Probe, work, Failure, Outcome, Request, Session};
use tokio::runtime::Runtime;

pub struct Spawn {
    seed: u64,
    units: u64,
    at_once: u64,
}

impl Spawn {
    pub fn new(asked: &Request) -> Self {
        Spawn { seed: asked.number("seed"), units: asked.param("units"), at_once: asked.param("at_once") }
    }
}

impl Session for Spawn {
    fn run(&mut self, runtime: &Runtime, _: &'static Probe) -> Result<Outcome, Failure> {
        let Spawn { seed, units, at_once } = *self;
        work(runtime, async move {
            let (mut joined, mut sum) = (0u64, 0u64);
            let mut tasks = Vec::with_capacity(at_once as usize);
            for first in (0..units).step_by(at_once as usize) {
                for i in first..first + at_once {
                    tasks.push(tokio::spawn(async move { kernel::mix(seed ^ i) }));
                }
                for task in tasks.drain(..) {
                    sum = sum.wrapping_add(task.await?);
                    joined += 1;
                }
            }
            Ok(vec![("joined", joined), ("sum", sum)])
        })?
    }
}
