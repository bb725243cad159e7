// SPDX-License-Identifier: MIT
// `net`, and `pipe` from a socket to itself.
'use strict';
const fs = require('fs');
const net = require('net');

class Echo {
  constructor(asked) { this.asked = asked; }
  run() {
    return new Promise((resolve, reject) => {
      const open = new Set();
      let accepted = 0;
      let echoed = 0;
      const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (peer) => {
        accepted += 1;
        open.add(peer);
        peer.setNoDelay(true);
        peer.on('error', () => {}); // a peer that resets disturbs nobody
        peer.on('close', () => { echoed += peer.bytesWritten; open.delete(peer); });
        this.talk(peer);
      });
      server.on('error', reject);
      server.listen({ fd: Number(this.asked.listen_fd) });
      // Opened anew, for a Socket closes what it was given.
      const fd = fs.openSync(`/proc/self/fd/${this.asked.stop_fd}`, 'r');
      const stop = new net.Socket({ fd, readable: true, writable: false });
      const stopped = async () => {
        await Promise.all([...open].map((peer) => new Promise((closed) => peer.once('close', closed).destroy())));
        server.close(() => resolve(this.outcome(accepted, echoed)));
      };
      stop.on('end', stopped).on('error', reject).resume();
    });
  }
  talk(peer) { peer.pipe(peer); }
  outcome(accepted, sent) { return { accepted, echoed_bytes: sent }; }
  close() {}
}

module.exports = Echo;
