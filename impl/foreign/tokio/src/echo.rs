// SPDX-License-Identifier: MIT
//! A task accepts, a task a connection reads and writes until its peer closes.

use crate::{probe::Probe, work, Asked, Failure, Session};
use serde_json::{json, Value};
use std::fs::File;
use std::io;
use std::os::unix::io::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::io::{unix::AsyncFd, AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::{runtime::Runtime, task::JoinSet};

const BUFFER_BYTES: usize = 16_384;

pub struct Echo {
    listener: std::net::TcpListener,
    stop: File,
}

impl Echo {
    pub fn new(asked: &Asked) -> Result<Self, Failure> {
        // SAFETY: inherited and open; it is the harness's, so it is duplicated and not closed.
        let handed = unsafe {
            std::mem::ManuallyDrop::new(std::net::TcpListener::from_raw_fd(asked.number("listen_fd") as i32))
        };
        let stop = asked.0["stop_path"].as_str().ok_or("no stop_path")?;
        Ok(Echo { listener: handed.try_clone()?, stop: File::open(stop)? })
    }
}

#[derive(Default)]
struct Server {
    accepted: AtomicU64,
    echoed: AtomicU64,
    peers: Mutex<JoinSet<()>>,
}

async fn serve(mut peer: TcpStream, server: Arc<Server>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    // A peer that resets disturbs nobody: this task alone ends.
    while let Ok(count @ 1..) = peer.read(&mut buffer).await {
        if peer.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        server.echoed.fetch_add(count as u64, Relaxed);
    }
}

async fn accept_all(listener: TcpListener, server: Arc<Server>) -> io::Result<()> {
    loop {
        let (peer, _) = listener.accept().await?;
        peer.set_nodelay(true)?;
        server.accepted.fetch_add(1, Relaxed);
        server.peers.lock().expect("no task panics").spawn(serve(peer, server.clone()));
    }
}

impl Session for Echo {
    fn run(&mut self, runtime: &Runtime, _: &'static Probe) -> Result<Value, Failure> {
        let listener = self.listener.try_clone()?;
        let stop = self.stop.as_raw_fd();
        work(runtime, async move {
            let server = Arc::new(Server::default());
            let accepting = tokio::spawn(accept_all(TcpListener::from_std(listener)?, server.clone()));
            let stop = AsyncFd::with_interest(stop, Interest::READABLE)?;
            let _ = stop.readable().await?; // its end makes it readable
            accepting.abort();
            if let Ok(ended) = accepting.await {
                ended?;
            }
            let mut peers = std::mem::take(&mut *server.peers.lock().expect("no task panics"));
            peers.shutdown().await;
            Ok(json!({"accepted": server.accepted.load(Relaxed), "echoed_bytes": server.echoed.load(Relaxed)}))
        })?
    }
}
