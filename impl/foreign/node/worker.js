// SPDX-License-Identifier: MIT
// The process that is measured: one cell, asked over standard input. Promises for units, `net` for connections.
'use strict';
const fs = require('fs');
const net = require('net');
const readline = require('readline');
const { setTimeout: sleep } = require('timers/promises');

// -- bench/kernel -------------------------------------------------------------------------------

const u64 = (x) => BigInt.asUintN(64, x);

function mix(x) {
  x = u64(x + 0x9e3779b97f4a7c15n);
  x = u64((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = u64((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

function hash(index, bytes) {
  let state = mix(index ^ BigInt(bytes.length));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    state = u64((state ^ bytes.readBigUInt64LE(at)) * 0x9fb21c651e98df25n);
    state = u64(state << 27n) | (state >> 37n);
  }
  let tail = 0n;
  for (let i = bytes.length - 1; i >= at; --i) tail = (tail << 8n) | BigInt(bytes[i]);
  return mix(state ^ tail);
}

// Timers have whole milliseconds and may be a little early: one more, so as never to be.
const wait = (ns) => sleep(Math.ceil(ns / 1e6) + 1);

// -- the cells ----------------------------------------------------------------------------------

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

class Waits {
  constructor(asked) { this.p = asked.params; this.seed = BigInt(asked.seed); }
  async wait(i, probe) {
    const span = BigInt(this.p.longest_us - this.p.shortest_us) * 1000n + 1n;
    const length = this.p.shortest_us * 1000 + Number(mix(this.seed ^ mix(BigInt(i))) % span);
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

class Echo {
  constructor(asked) { this.asked = asked; }
  run() {
    return new Promise((resolve, reject) => {
      const open = new Set();
      let accepted = 0;
      let echoed = 0;
      const server = net.createServer({ noDelay: true }, (peer) => {
        accepted += 1;
        open.add(peer);
        peer.setNoDelay(true);
        peer.on('error', () => {}); // a peer that resets disturbs nobody
        peer.on('close', () => { echoed += peer.bytesWritten; open.delete(peer); });
        peer.pipe(peer);
      });
      server.on('error', reject);
      server.listen({ fd: this.asked.listen_fd });
      const stop = new net.Socket({ fd: fs.openSync(this.asked.stop_path, 'r'), readable: true, writable: false });
      const stopped = async () => {
        await Promise.all([...open].map((peer) => new Promise((closed) => peer.once('close', closed).destroy())));
        server.close(() => resolve({ accepted, echoed_bytes: echoed }));
      };
      stop.on('end', stopped).on('error', reject).resume();
    });
  }
  close() {}
}

class Fetch {
  constructor(asked) { this.p = asked.params; this.port = asked.backend_port; }
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

// -- what is asked ------------------------------------------------------------------------------

class Probe {
  constructor(count) { this.slots = new BigUint64Array(2 * count); }
  begin(i) { this.slots[2 * i] = process.hrtime.bigint(); }
  end(i) { this.slots[2 * i + 1] = process.hrtime.bigint(); }
}

const text = (answer) => JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? `#${v}#` : v)).replace(/"#(\d+)#"/g, '$1');
const answer = (fields) => fs.writeSync(1, `${text(fields)}\n`);
const kinds = { fetch_data: FetchData, waits: Waits, echo: Echo, fetch: Fetch };

async function main() {
  let session, asked;
  answer({ up: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      const started = process.hrtime.bigint();
      if (request.do === 'make') {
        asked = request;
        session = new kinds[process.argv[2]](asked);
        if (session.make) await session.make();
        answer({ make_ns: process.hrtime.bigint() - started });
      } else if (request.do === 'run') {
        const probe = new Probe(asked.slots || 0);
        const begun = process.hrtime.bigint();
        const outcome = await session.run(probe);
        const run_ns = process.hrtime.bigint() - begun;
        if (asked.slots) fs.writeSync(asked.slot_fd, Buffer.from(probe.slots.buffer), 0, undefined, 0);
        answer({ run_ns, started_ns: begun, outcome });
      } else {
        await session.close();
        answer({ destroy_ns: process.hrtime.bigint() - started });
      }
    } catch (error) {
      answer({ verdict: 'crashed', reason: String(error) });
    }
  }
}

main();
