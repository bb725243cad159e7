// SPDX-License-Identifier: MIT
// The server of echo; a request is answered when its timer ends.
'use strict';
const Echo = require('./echo');
const wait = require('./wait');

class Delay extends Echo {
  async talk(peer) {
    const { message_bytes: size, delay_us: delay } = this.asked.params;
    let pending = Buffer.alloc(0);
    try {
      for await (const bytes of peer) {
        pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
        while (pending.length >= size) {
          await wait(delay * 1000);
          if (!peer.writable) return;
          peer.write(pending.subarray(0, size));
          pending = pending.subarray(size);
        }
      }
      peer.end();
    } catch {
      // The peer is gone: this connection alone ends.
    }
  }
  outcome(accepted, sent) { return { accepted, requests: sent / this.asked.params.message_bytes }; }
}

module.exports = Delay;
