// SPDX-License-Identifier: MIT
// A socket a slot, in callbacks.
'use strict';
const net = require('net');
const { hash, u64 } = require('../kernel');

class Fetch {
  constructor(asked) { this.p = asked.params; this.port = Number(asked.backend_port); }
  async make() {
    const connect = () => new Promise((resolve, reject) => {
      const slot = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true }, () => resolve(slot));
      slot.once('error', reject);
    });
    this.slots = await Promise.all(Array.from({ length: this.p.in_flight }, connect));
  }
  slot(first, probe) {
    return new Promise((resolve, reject) => {
      const slot = this.slots[first];
      let index = first, checksum = 0n, count = 0, parts = [], bytes = 0;
      const send = () => {
        probe.begin(index);
        const request = Buffer.alloc(8);
        request.writeBigUInt64LE(BigInt(index));
        slot.write(request);
      };
      const lost = () => reject(new Error('the backend closed'));
      const receive = (data) => {
        parts.push(data);
        bytes += data.length;
        if (bytes < this.p.response_bytes) return;
        probe.end(index);
        checksum += hash(BigInt(index), parts.length === 1 ? data : Buffer.concat(parts));
        count += 1;
        parts = [];
        bytes = 0;
        index += this.p.in_flight;
        if (index < this.p.requests) return send();
        slot.off('data', receive).off('close', lost);
        resolve([count, checksum]);
      };
      slot.on('data', receive).on('close', lost);
      send();
    });
  }
  async run(probe) {
    const all = await Promise.all(this.slots.map((_, first) => this.slot(first, probe)));
    return { responses: all.reduce((a, [n]) => a + n, 0), checksum: u64(all.reduce((a, [, c]) => a + c, 0n)) };
  }
  async close() {
    await Promise.all(this.slots.map((slot) => new Promise((done) => slot.once('close', done).destroy())));
  }
}

module.exports = Fetch;
