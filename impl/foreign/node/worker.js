// SPDX-License-Identifier: MIT
// The process that is measured: one cell, asked over standard input.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

class Probe {
  constructor(count, look) {
    this.look = look;
    this.slots = new BigUint64Array(2 * count);
  }
  begin(i) { this.slots[2 * i] = process.hrtime.bigint(); }
  end(i) { this.slots[2 * i + 1] = process.hrtime.bigint(); }
}

const text = (answer) => JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? `#${v}#` : v)).replace(/"#(\d+)#"/g, '$1');
const answer = (fields) => fs.writeSync(1, `${text(fields)}\n`);
const [workload, variant] = process.argv.slice(2);
const Cell = require(`./cells/${path.basename(workload)}`);

async function main() {
  let session, asked;
  answer({ up: true });
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  // The harness looks at the memory of this process while the run stands still.
  const look = () => { answer({ look: true }); return lines.next(); };
  for (let { value: line, done } = await lines.next(); !done; ({ value: line, done } = await lines.next())) {
    const request = JSON.parse(line);
    try {
      const started = process.hrtime.bigint();
      if (request.do === 'make') {
        asked = request;
        session = new Cell(asked, variant);
        if (session.make) await session.make();
        answer({ make_ns: process.hrtime.bigint() - started });
      } else if (request.do === 'run') {
        const probe = new Probe(asked.slots || 0, look);
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
