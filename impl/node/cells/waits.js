// SPDX-License-Identifier: MIT
// A promise a wait.
'use strict';
const { mix, u64, waitNs } = require('../kernel');
const wait = require('./wait');

class Waits {
  constructor(asked) { this.p = asked.params; this.seed = BigInt(asked.seed); }
  async wait(i, probe) {
    const length = waitNs(this.seed, i, this.p.shortest_us, this.p.longest_us);
    probe.begin(i);
    await wait(length);
    probe.end(i);
    return mix(BigInt(i));
  }
  async run(probe) {
    const all = await Promise.all(Array.from({ length: this.p.waits }, (_, i) => this.wait(i, probe)));
    return { completed: all.length, checksum: u64(all.reduce((a, b) => a + b, 0n)) };
  }
  close() {}
}

module.exports = Waits;
