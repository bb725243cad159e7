// SPDX-License-Identifier: MIT
// The worker's end of docs/worker-protocol.md: a line asks, a line answers.
'use strict';
const fs = require('fs');
const readline = require('readline');

const now = () => process.hrtime.bigint(); // CLOCK_MONOTONIC

/** Node cannot map memory: the slots are written to their file when the work is done. */
class Probe {
  constructor({ slots_fd: fd, slots }, look) {
    this.fd = Number(fd);
    this.slots = new BigUint64Array(2 * Number(slots));
    this.used = 0;
    this.look = look;
  }
  begin(i) {
    if (i >= this.used) this.used = i + 1;
    this.slots[2 * i] = now();
  }
  end(i) { this.slots[2 * i + 1] = now(); }
  /** Those beyond the last operation are the harness's. */
  hand_over() {
    const bytes = Buffer.from(this.slots.buffer, 0, 16 * this.used);
    for (let at = 0; at < bytes.length;) at += fs.writeSync(this.fd, bytes, at, bytes.length - at, at);
  }
  clear() {
    this.slots.fill(0n, 0, 2 * this.used);
    this.used = 0;
  }
}

/** A verb and its words; `param.NAME` is in `params`, as a number. Others are text: 64 bits exceed a number. */
function parse(text) {
  const [verb, ...words] = text.split(' ');
  const request = { verb, params: {} };
  for (const word of words) {
    const equals = word.indexOf('=');
    const [name, value] = [word.slice(0, equals), decodeURIComponent(word.slice(equals + 1))];
    if (name.startsWith('param.')) request.params[name.slice('param.'.length)] = Number(value);
    else request[name] = value;
  }
  return request;
}

const answer = (text) => fs.writeSync(1, `${text}\n`);

async function serve(Cell, variant) {
  answer('ready protocol=1');
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  // The harness looks at the memory of this process while the run stands still.
  const look = () => { answer('look'); return lines.next(); };
  let session, probe;
  const deeds = {
    async make(request) {
      probe = new Probe(request, look);
      session = new Cell(request, variant);
      if (session.make) await session.make();
      return 'made';
    },
    async run() {
      const outcome = await session.run(probe);
      probe.hand_over();
      return ['ran', ...Object.entries(outcome).map(([name, value]) => `${name}=${value}`)].join(' ');
    },
    async stop() {
      await session.close();
      return 'stopped';
    },
  };
  for (let { value, done } = await lines.next(); !done; ({ value, done } = await lines.next())) {
    const request = parse(value);
    try {
      answer(await deeds[request.verb](request));
      probe.clear(); // outside the clock
    } catch (error) {
      answer(`failed ${String(error).replace(/\n/g, ' ')}`);
    }
  }
}

module.exports = { serve };
