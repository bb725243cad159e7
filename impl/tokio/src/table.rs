// SPDX-License-Identifier: MIT
//! The cells of this model.

const SOCKETS: &str = "TCP_NODELAY=on";
const ECHO: &str = "TCP_NODELAY=on; buffer_bytes=16384 a connection";
const WORKLOADS: [(&str, &str); 6] =
    [("channel", ""), ("echo", ECHO), ("fetch", SOCKETS), ("idle", ""), ("spawn", ""), ("waits", "")];
const VARIANTS: [(&str, &str); 2] = [("multi_thread", "worker_threads=workers"), ("current_thread", "threads=1")];

pub fn describe() -> String {
    let mut cells = Vec::new();
    for (workload, own) in WORKLOADS {
        for (variant, common) in VARIANTS {
            let ledger = if own.is_empty() { common.to_owned() } else { format!("{own}; {common}") };
            cells.push(format!(
                r#"  {{"workload": "{workload}", "variant": "{variant}", "ledger": "{ledger}"}}"#
            ));
        }
    }
    let summary = "Rust: tokio's tasks, on its work-stealing and on its single-threaded scheduler";
    let library = format!("tokio {}, {}", env!("TOKIO_VERSION"), env!("RUSTC_VERSION"));
    let cells = cells.join(",\n");
    format!(r#"{{"protocol": 1, "summary": "{summary}", "library": "{library}", "cells": [{}{cells}]}}"#, "\n")
}
