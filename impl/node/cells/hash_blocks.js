// SPDX-License-Identifier: MIT
// worker_threads: a thread for each worker, each given its next few blocks when it has handed in the last.
'use strict';
const { isMainThread, parentPort, Worker, workerData } = require('worker_threads');
const { hashWords, payload, u64, wordsOf } = require('../kernel');

function hashBlock(seed, block, { block_bytes, passes }) {
  const [words, tail] = wordsOf(payload(seed, block, block_bytes));
  let state = block;
  for (let pass = 0; pass < passes; ++pass) state = hashWords(state, words, tail, block_bytes);
  return state;
}

if (!isMainThread) {
  parentPort.on('message', ({ first, last }) => {
    let sum = 0n;
    for (let block = first; block < last; ++block) sum += hashBlock(workerData.seed, BigInt(block), workerData.params);
    parentPort.postMessage(u64(sum));
  });
}

class HashBlocks {
  constructor(asked) {
    this.p = asked.params;
    this.workerData = { params: asked.params, seed: BigInt(asked.seed) };
    this.count = Number(asked.workers);
    // Four shares a worker: few messages, and no worker waits long for the last one.
    this.step = Math.max(1, Math.floor(this.p.blocks / (4 * this.count)));
  }
  async make() {
    this.threads = Array.from({ length: this.count }, () => new Worker(__filename, { workerData: this.workerData }));
    await Promise.all(this.threads.map((thread) => new Promise((online) => thread.once('online', online))));
  }
  run() {
    return new Promise((resolve, reject) => {
      const { blocks } = this.p;
      let next = 0, asked = 0, sum = 0n;
      const ask = (thread) => {
        if (next >= blocks) return;
        const last = Math.min(next + this.step, blocks);
        thread.postMessage({ first: next, last });
        next = last;
        asked += 1;
      };
      for (const thread of this.threads) {
        thread.removeAllListeners('message').removeAllListeners('error').on('error', reject).on('message', (share) => {
          sum = u64(sum + share);
          asked -= 1;
          ask(thread);
          if (asked === 0) resolve({ blocks: next, checksum: sum });
        });
        ask(thread);
      }
    });
  }
  async close() { await Promise.all(this.threads.map((thread) => thread.terminate())); }
}

module.exports = HashBlocks;
