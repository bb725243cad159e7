// SPDX-License-Identifier: MIT
//! `tokio::sync::mpsc` with a bound, a task a producer. It does not tell how many items are in it.

use crate::{kernel, probe::Probe, work, Failure, Outcome, Request, Session};
use tokio::{runtime::Runtime, sync::mpsc};

struct Item {
    producer: u64,
    value: u64,
}

pub struct Channel {
    seed: u64,
    producers: u64,
    items: u64,
    capacity: u64,
}

impl Channel {
    pub fn new(asked: &Request) -> Self {
        Channel {
            seed: asked.number("seed"),
            producers: asked.param("producers"),
            items: asked.param("items"),
            capacity: asked.param("capacity"),
        }
    }
}

async fn produce(to: mpsc::Sender<Item>, seed: u64, producer: u64, items: u64) {
    for i in 0..items {
        let value = kernel::mix(seed ^ (producer * items + i));
        if to.send(Item { producer, value }).await.is_err() {
            return; // nobody takes any more
        }
    }
}

impl Session for Channel {
    fn run(&mut self, runtime: &Runtime, _: &'static Probe) -> Result<Outcome, Failure> {
        let Channel { seed, producers, items, capacity } = *self;
        work(runtime, async move {
            let (to, mut from) = mpsc::channel(capacity as usize);
            let mut tasks = Vec::new();
            for producer in 0..producers {
                tasks.push(tokio::spawn(produce(to.clone(), seed, producer, items)));
            }
            drop(to); // the last producer closes the channel
            let mut chains = vec![0u64; producers as usize];
            let mut taken = 0u64;
            while let Some(Item { producer, value }) = from.recv().await {
                let chain = &mut chains[producer as usize];
                *chain = kernel::mix(chain.wrapping_add(value));
                taken += 1;
            }
            for task in tasks {
                task.await?;
            }
            let mixed = chains.iter().zip(0u64..).map(|(chain, producer)| kernel::mix(chain ^ producer));
            let digest = mixed.fold(0, u64::wrapping_add);
            Ok(vec![("taken", taken), ("digest", digest), ("most_queued", 0)])
        })?
    }
}
