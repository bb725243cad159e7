// SPDX-License-Identifier: MIT
// The cells of this model.
'use strict';

const INTERPRETERS = 'a thread of worker_threads is an interpreter of its own, made for seconds of work and not for a unit';

module.exports = {
  protocol: 1,
  summary: 'Node.js: promises, timers and sockets on one thread; worker_threads for computing',
  library: `Node.js ${process.version}`,
  cells: [
    { workload: 'fetch_data' },
    { workload: 'waits' },
    { workload: 'echo' },
    { workload: 'held' },
    { workload: 'delay' },
    { workload: 'gateway', ledger: 'TCP_NODELAY=on' },
    { workload: 'fetch' },
    { workload: 'spawn' },
    { workload: 'spawn', variant: 'worker_thread', declined: INTERPRETERS },
    { workload: 'idle' },
    { workload: 'yield', variant: 'immediate' },
    { workload: 'yield', variant: 'microtask' },
    { workload: 'hash_blocks', variant: 'worker_threads' },
  ],
};
