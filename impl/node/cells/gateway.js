// SPDX-License-Identifier: MIT
// The server of echo, and a socket to each backend, in callbacks; a promise a request, which the last answer settles.
'use strict';
const net = require('net');
const Echo = require('./echo');

const NUMBER = (1n << 56n) - 1n;
const AGAIN = 1n << 63n;
const TAG_BYTES = 8;

function bytesOf(question) {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(question);
  return bytes;
}

/// The connections to the backends of one client.
class Backends {
  constructor(asked) {
    this.p = asked.params;
    this.port = Number(asked.backend_port);
    this.missing = 0;
    this.retries = 0;
    this.links = [];
  }
  connect(lost) {
    const all = Array.from({ length: this.p.backends }, (_, i) => new Promise((resolve) => {
      const link = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true }, resolve);
      link.on('error', () => {}).on('close', lost);
      let pending = Buffer.alloc(0);
      link.on('data', (bytes) => {
        pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
        for (const size = TAG_BYTES + this.p.answer_bytes; pending.length >= size; pending = pending.subarray(size)) {
          this.take(i, pending.subarray(0, size));
        }
      });
      this.links.push(link);
    }));
    return Promise.all(all);
  }
  /// A promise of what they say; it is never settled once one of them is lost.
  ask(number) {
    this.tags = this.links.map((_, i) => (number & NUMBER) | (BigInt(i) << 56n));
    this.answers = this.links.map(() => null);
    this.missing = this.links.length;
    this.links.forEach((link, i) => link.write(bytesOf(this.tags[i])));
    // Timers have whole milliseconds and may be a little early: one more, so as never to be.
    this.limit = setTimeout(() => this.askAgain(), Math.ceil(this.p.limit_us / 1000) + 1);
    return new Promise((resolve) => { this.settle = resolve; });
  }
  askAgain() {
    this.links.forEach((link, i) => {
      if (this.answers[i] !== null) return;
      this.retries += 1;
      link.write(bytesOf(this.tags[i] | AGAIN));
    });
  }
  take(i, answer) {
    // Late, or the second: passed over.
    if (this.missing === 0 || this.answers[i] !== null || answer.readBigUInt64LE() !== this.tags[i]) return;
    this.answers[i] = answer.subarray(TAG_BYTES);
    this.missing -= 1;
    if (this.missing !== 0) return;
    clearTimeout(this.limit);
    this.settle(Buffer.concat(this.answers));
  }
  close() {
    clearTimeout(this.limit);
    this.links.forEach((link) => link.destroy());
  }
}

class Gateway extends Echo {
  constructor(asked) {
    super(asked);
    this.requests = 0;
    this.retries = 0;
  }
  async talk(peer) {
    const backends = new Backends(this.asked);
    peer.on('close', () => { this.retries += backends.retries; backends.close(); });
    let pending = Buffer.alloc(0);
    try {
      await backends.connect(() => peer.destroy());
      for await (const bytes of peer) {
        pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
        while (pending.length >= 8) {
          const reply = await backends.ask(pending.readBigUInt64LE());
          if (!peer.writable) return;
          peer.write(reply);
          this.requests += 1;
          pending = pending.subarray(8);
        }
      }
      peer.end();
    } catch {
      // The peer is gone: this connection alone ends.
    }
  }
  outcome(accepted) { return { accepted, requests: this.requests, retries: this.retries }; }
}

module.exports = Gateway;
