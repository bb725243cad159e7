// SPDX-License-Identifier: MIT
//! Where a cell notes when operation i began and ended, in memory that the harness reads.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub struct Probe {
    slots: &'static [[AtomicU64; 2]],
}

/// CLOCK_MONOTONIC, the clock of the harness; `Instant` is the same one and hides its zero.
pub fn now_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that lives.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

impl Probe {
    /// Lives as long as the process, as the slots do.
    pub fn map(descriptor: i32, slots: usize) -> io::Result<&'static Probe> {
        let mut found: &'static [[AtomicU64; 2]] = &[];
        if slots > 0 {
            // SAFETY: a shared mapping of a file of this size, never unmapped; any bytes are valid numbers.
            unsafe {
                let protection = libc::PROT_READ | libc::PROT_WRITE;
                let memory = libc::mmap(std::ptr::null_mut(), 16 * slots, protection, libc::MAP_SHARED | libc::MAP_POPULATE, descriptor, 0);
                if memory == libc::MAP_FAILED {
                    return Err(io::Error::last_os_error());
                }
                found = std::slice::from_raw_parts(memory.cast(), slots);
            }
        }
        Ok(Box::leak(Box::new(Probe { slots: found })))
    }

    pub fn begin(&self, i: u64) {
        self.slots[i as usize][0].store(now_ns(), Relaxed);
    }

    pub fn end(&self, i: u64) {
        self.slots[i as usize][1].store(now_ns(), Relaxed);
    }

    /// The harness looks at the memory of this process while the run stands still.
    pub fn look(&self) {
        crate::protocol::look();
    }
}
