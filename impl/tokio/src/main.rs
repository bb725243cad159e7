// SPDX-License-Identifier: MIT
//! The process that is measured: one cell, asked over standard input as docs/worker-protocol.md says.

mod channel;
mod echo;
mod fetch;
mod idle;
mod kernel;
mod probe;
mod protocol;
mod spawn;
mod table;
mod waits;

use probe::Probe;
use protocol::{answer, next_request, ran, Outcome, Request};
use std::error::Error;
use tokio::runtime::{Builder, Runtime};

pub type Failure = Box<dyn Error + Send + Sync>;

/// What lives from make to stop; `run` is all that happens inside the clock.
pub trait Session {
    fn run(&mut self, runtime: &Runtime, probe: &'static Probe) -> Result<Outcome, Failure>;
}

fn make(workload: &str, asked: &Request, runtime: &Runtime) -> Result<Box<dyn Session>, Failure> {
    Ok(match workload {
        "waits" => Box::new(waits::Waits::new(asked)),
        "echo" => Box::new(echo::Echo::new(asked)?),
        "fetch" => Box::new(fetch::Fetch::new(asked, runtime)?),
        "spawn" => Box::new(spawn::Spawn::new(asked)),
        "channel" => Box::new(channel::Channel::new(asked)),
        "idle" => Box::new(idle::Idle::new(asked)),
        _ => return Err(format!("there is no workload {workload}").into()),
    })
}

/// The work is a task of its own and not the future of `block_on`, which would run beside the workers on the thread
/// that called, and hand every task that it spawns over to them.
fn work<F>(runtime: &Runtime, task: F) -> Result<F::Output, Failure>
where
    F: std::future::Future + Send + 'static,
    F::Output: Send,
{
    Ok(runtime.block_on(runtime.spawn(task))?)
}

fn new_runtime(variant: &str, workers: u64) -> std::io::Result<Runtime> {
    match variant {
        "current_thread" => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread().worker_threads(workers as usize).enable_all().build(),
    }
}

struct Made {
    // In this order they go: sockets before the loop that they are registered with.
    session: Box<dyn Session>,
    probe: &'static Probe,
    runtime: Runtime,
}

fn obey(asked: &Request, workload: &str, variant: &str, made: &mut Option<Made>) -> Result<String, Failure> {
    match asked.verb.as_str() {
        "make" => {
            let probe = Probe::map(asked.descriptor("slots_fd"), asked.number("slots") as usize)?;
            let runtime = new_runtime(variant, asked.number("workers"))?;
            let session = make(workload, asked, &runtime)?;
            *made = Some(Made { session, probe, runtime });
            Ok("made".to_owned())
        }
        "run" => {
            let Made { session, probe, runtime } = made.as_mut().ok_or("run before make")?;
            Ok(ran(&session.run(runtime, probe)?))
        }
        "stop" => {
            *made = None;
            Ok("stopped".to_owned())
        }
        verb => Err(format!("there is no request '{verb}'").into()),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (workload, variant) = match &arguments[..] {
        [flag] if flag == "--describe" => return println!("{}", table::describe()),
        [workload, variant] => (workload, variant),
        _ => {
            eprintln!("worker --describe, or worker WORKLOAD VARIANT: see docs/worker-protocol.md");
            std::process::exit(64);
        }
    };
    answer("ready protocol=1");
    let mut made = None;
    while let Some(request) = next_request() {
        let done = obey(&request, workload, variant, &mut made);
        answer(&done.unwrap_or_else(|failure| format!("failed {}", failure.to_string().replace('\n', " "))));
    }
}
