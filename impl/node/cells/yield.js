// SPDX-License-Identifier: MIT
// immediate: a turn of the event loop, which serves sockets and timers in between. microtask: `await` of nothing, which does not.
'use strict';
const { setImmediate: immediate } = require('timers/promises');
const { mix } = require('../kernel');

class Yield {
  constructor(asked, variant) { this.p = asked.params; this.seed = BigInt(asked.seed); this.variant = variant; }
  async unit(number, giveWay) {
    const { units, turns } = this.p;
    const mark = BigInt(number);
    for (let taken = 0; taken < turns;) {
      if (this.turn % units === number) {
        this.chain = mix(this.chain + mark);
        this.turn += 1;
        taken += 1;
      }
      await giveWay();
    }
  }
  async run() {
    this.turn = 0;
    this.chain = this.seed;
    const giveWay = this.variant === 'immediate' ? () => immediate() : () => undefined;
    await Promise.all(Array.from({ length: this.p.units }, (_, number) => this.unit(number, giveWay)));
    return { turns: this.turn, chain: this.chain };
  }
  close() {}
}

module.exports = Yield;
