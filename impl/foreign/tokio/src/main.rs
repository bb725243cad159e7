// SPDX-License-Identifier: MIT
//! The process that is measured: one cell, asked over standard input. See impl/foreign/NOTES.md.

mod channel;
mod echo;
mod fetch;
mod idle;
mod kernel;
mod probe;
mod spawn;
mod waits;

use probe::{now_ns, Probe};
use serde_json::{json, Value};
use std::error::Error;
use std::io::{stdin, stdout, Write};
use tokio::runtime::{Builder, Runtime};

pub type Failure = Box<dyn Error + Send + Sync>;

/// What lives from make to end; `run` is all that happens inside the clock.
pub trait Session {
    fn run(&mut self, runtime: &Runtime, probe: &'static Probe) -> Result<Value, Failure>;
}

/// What `make` is asked for.
pub struct Asked(Value);

impl Asked {
    fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap_or_default()
    }
    fn param(&self, field: &str) -> u64 {
        self.0["params"][field].as_u64().unwrap_or_else(|| panic!("no param {field}"))
    }
}

fn make(workload: &str, asked: &Asked, runtime: &Runtime) -> Result<Box<dyn Session>, Failure> {
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

fn answer(fields: Value) {
    let mut out = stdout().lock();
    // Without a harness there is nobody to tell.
    if writeln!(out, "{fields}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

fn next_line() -> Option<Value> {
    let mut line = String::new();
    match stdin().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(serde_json::from_str(&line).expect("a line of JSON")),
    }
}

fn look() {
    answer(json!({"look": true}));
    if next_line().is_none() {
        std::process::exit(1);
    }
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

fn obey(request: Value, workload: &str, variant: &str, made: &mut Option<Made>) -> Result<Value, Failure> {
    let asked = Asked(request);
    if asked.0["do"] == "make" {
        let probe = Probe::map(asked.number("slot_fd") as i32, asked.number("slots") as usize, look)?;
        let started = now_ns();
        let runtime = new_runtime(variant, asked.number("workers"))?;
        let session = make(workload, &asked, &runtime)?;
        *made = Some(Made { session, probe, runtime });
        return Ok(json!({"make_ns": now_ns() - started}));
    }
    let started = now_ns();
    if asked.0["do"] == "run" {
        let Made { session, probe, runtime } = made.as_mut().ok_or("run before make")?;
        let outcome = session.run(runtime, probe)?;
        return Ok(json!({"run_ns": now_ns() - started, "started_ns": started, "outcome": outcome}));
    }
    *made = None;
    Ok(json!({"destroy_ns": now_ns() - started}))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--library"] {
        println!("tokio {}, {}", env!("TOKIO_VERSION"), env!("RUSTC_VERSION"));
        return;
    }
    let (workload, variant) = match &arguments[..] {
        [workload] => (workload.as_str(), ""),
        [workload, variant] => (workload.as_str(), variant.as_str()),
        _ => {
            eprintln!("worker WORKLOAD [VARIANT]: asked over standard input, see impl/foreign/NOTES.md");
            std::process::exit(64);
        }
    };
    answer(json!({"up": true}));
    let mut made = None;
    while let Some(request) = next_line() {
        answer(
            obey(request, workload, variant, &mut made)
                .unwrap_or_else(|failure| json!({"verdict": "crashed", "reason": failure.to_string()})),
        );
    }
}
