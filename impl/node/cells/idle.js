// SPDX-License-Identifier: MIT
// An async function a unit, suspended in the `await` of one promise that they share.
'use strict';
const { hash, payload, u64 } = require('../kernel');

class Idle {
  constructor(asked) { this.p = asked.params; this.seed = BigInt(asked.seed); }
  async live(i, gate, probe) {
    const ballast = payload(this.seed, BigInt(i), this.p.ballast_bytes);
    probe.begin(i);
    await gate; // it has run until here before its caller goes on
    probe.end(i);
    return hash(this.seed ^ BigInt(i), ballast);
  }
  async run(probe) {
    let open;
    const gate = new Promise((resolve) => { open = resolve; });
    const units = [];
    for (const step of [this.p.units / 4, this.p.units / 2, this.p.units]) {
      while (units.length < step) units.push(this.live(units.length, gate, probe));
      await probe.look();
    }
    open();
    const all = await Promise.all(units);
    return { released: all.length, sum: u64(all.reduce((a, b) => a + b, 0n)) };
  }
  close() {}
}

module.exports = Idle;
