// SPDX-License-Identifier: MIT
// A promise a fetch.
'use strict';
const { mix, u64 } = require('../kernel');
const wait = require('./wait');

class FetchData {
  constructor(asked) { this.p = asked.params; this.seed = BigInt(asked.seed); }
  async fetch(i, probe) {
    probe.begin(i);
    await wait((i + 1) * this.p.step_us * 1000);
    const value = mix(this.seed ^ mix(BigInt(i)));
    probe.end(i);
    return value;
  }
  async run(probe) {
    const all = await Promise.all(Array.from({ length: this.p.fetches }, (_, i) => this.fetch(i, probe)));
    return { fetched: all.length, sum: u64(all.reduce((a, b) => a + b, 0n)) };
  }
  close() {}
}

module.exports = FetchData;
