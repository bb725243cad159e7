// SPDX-License-Identifier: MIT
// An async function a unit: it runs up to its end when it is called, and its promise is awaited.
'use strict';
const { mix, u64 } = require('../kernel');

class Spawn {
  constructor(asked) { this.p = asked.params; this.seed = BigInt(asked.seed); }
  async unit(i) { return mix(this.seed ^ BigInt(i)); }
  async run() {
    let joined = 0, sum = 0n;
    const batch = new Array(this.p.at_once);
    for (let first = 0; first < this.p.units; first += this.p.at_once) {
      for (let i = 0; i < this.p.at_once; ++i) batch[i] = this.unit(first + i);
      for (const unit of batch) {
        sum = u64(sum + (await unit));
        joined += 1;
      }
    }
    return { joined, sum };
  }
  close() {}
}

module.exports = Spawn;
