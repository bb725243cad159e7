// SPDX-License-Identifier: MIT
//! A task accepts, a task a connection reads and writes until its peer closes.

use crate::{probe::Probe, work, Failure, Outcome, Request, Session};
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::unix::io::{AsRawFd, FromRawFd, RawFd};
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

/// A duplicate: the descriptor is the harness's, and what Rust owns it closes.
fn owned<T: FromRawFd>(descriptor: RawFd, copy: fn(&T) -> io::Result<T>) -> io::Result<T> {
    // SAFETY: inherited and open, and given back before anything could close it.
    let handed = unsafe { ManuallyDrop::new(T::from_raw_fd(descriptor)) };
    copy(&handed)
}

impl Echo {
    pub fn new(asked: &Request) -> Result<Self, Failure> {
        Ok(Echo {
            listener: owned(asked.descriptor("listen_fd"), std::net::TcpListener::try_clone)?,
            stop: owned(asked.descriptor("stop_fd"), File::try_clone)?,
        })
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
    fn run(&mut self, runtime: &Runtime, _: &'static Probe) -> Result<Outcome, Failure> {
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
            Ok(vec![("accepted", server.accepted.load(Relaxed)), ("echoed_bytes", server.echoed.load(Relaxed))])
        })?
    }
}
