// SPDX-License-Identifier: MIT
//! A task a slot with a connection of its own, which it hands back.

use crate::{kernel, probe::Probe, work, Failure, Outcome, Request, Session};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::{net::TcpStream, runtime::Runtime};

pub struct Fetch {
    requests: u64,
    response_bytes: u64,
    slots: Vec<TcpStream>,
}

impl Fetch {
    pub fn new(asked: &Request, runtime: &Runtime) -> Result<Self, Failure> {
        let (port, in_flight) = (asked.number("backend_port") as u16, asked.param("in_flight"));
        let slots = work(runtime, async move {
            let mut slots = Vec::new();
            for _ in 0..in_flight {
                let slot = TcpStream::connect(("127.0.0.1", port)).await?;
                slot.set_nodelay(true)?;
                slots.push(slot);
            }
            io::Result::Ok(slots)
        })??;
        Ok(Fetch { requests: asked.param("requests"), response_bytes: asked.param("response_bytes"), slots })
    }
}

struct Fetched {
    slot: TcpStream,
    count: u64,
    checksum: u64,
}

async fn fetch_all(
    mut slot: TcpStream,
    indices: std::iter::StepBy<std::ops::Range<u64>>,
    response_bytes: u64,
    probe: &Probe,
) -> io::Result<Fetched> {
    let mut response = vec![0; response_bytes as usize];
    let (mut count, mut checksum) = (0, 0u64);
    for index in indices {
        probe.begin(index);
        slot.write_all(&index.to_le_bytes()).await?;
        slot.read_exact(&mut response).await?;
        probe.end(index);
        checksum = checksum.wrapping_add(kernel::hash(index, &response));
        count += 1;
    }
    Ok(Fetched { slot, count, checksum })
}

impl Session for Fetch {
    fn run(&mut self, runtime: &Runtime, probe: &'static Probe) -> Result<Outcome, Failure> {
        let (requests, bytes) = (self.requests, self.response_bytes);
        let slots = std::mem::take(&mut self.slots);
        let (slots, responses, checksum) = work(runtime, async move {
            let in_flight = slots.len();
            let mut tasks = Vec::with_capacity(in_flight);
            for (first, slot) in (0..).zip(slots) {
                let indices = (first..requests).step_by(in_flight);
                tasks.push(tokio::spawn(fetch_all(slot, indices, bytes, probe)));
            }
            let (mut slots, mut responses, mut checksum) = (Vec::with_capacity(in_flight), 0, 0u64);
            for task in tasks {
                let found = task.await??;
                slots.push(found.slot);
                responses += found.count;
                checksum = checksum.wrapping_add(found.checksum);
            }
            Result::<_, Failure>::Ok((slots, responses, checksum))
        })??;
        self.slots = slots;
        Ok(vec![("responses", responses), ("checksum", checksum)])
    }
}
