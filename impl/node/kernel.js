// SPDX-License-Identifier: MIT
// bench/kernel. JavaScript multiplies 32 bits at a time; a BigInt is an object:
// products of BigInts took six times as long.
'use strict';

// A number of 64 bits is handed over as a BigInt: through this memory it gets its two halves, low first.
const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

/** (high, low) times (otherHigh, otherLow), into `halves`. */
function multiply(high, low, otherHigh, otherLow) {
  const a = low & 0xffff, b = low >>> 16, c = otherLow & 0xffff, d = otherLow >>> 16;
  const ac = Math.imul(a, c) >>> 0;
  const middle = (Math.imul(b, c) >>> 0) + (ac >>> 16); // below 2^32, as the next
  const next = (Math.imul(a, d) >>> 0) + (middle & 0xffff);
  halves[0] = (next << 16) | (ac & 0xffff);
  halves[1] = (Math.imul(b, d) >>> 0) + (middle >>> 16) + (next >>> 16) + Math.imul(high, otherLow) + Math.imul(low, otherHigh);
}

/** `halves` mixed. */
function mixHalves() {
  const low = halves[0] + 0x7f4a7c15;
  const high = halves[1] + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0);
  multiply((high ^ (high >>> 30)) | 0, low ^ ((low >>> 30) | (high << 2)), 0xbf58476d, 0x1ce4e5b9);
  multiply(halves[1] ^ (halves[1] >>> 27), halves[0] ^ ((halves[0] >>> 27) | (halves[1] << 5)), 0x94d049bb, 0x133111eb);
  halves[0] ^= (halves[0] >>> 31) | (halves[1] << 1);
  halves[1] ^= halves[1] >>> 31;
}

function mix(x) {
  whole[0] = x; // what is beyond 64 bits falls away
  mixHalves();
  return whole[0];
}

/** `words`: halves of the whole words, low first; `tail`: the bytes beyond them as a number; `length`: of all, in bytes. */
function hashWords(index, words, tail, length) {
  mix(index ^ BigInt(length));
  let low = halves[0], high = halves[1];
  for (let i = 0; i < words.length; i += 2) {
    low ^= words[i];
    high ^= words[i + 1];
    // times 0x9fb21c651e98df25, as in multiply, which is not inlined here: memory would be between two rounds
    const a = low & 0xffff, b = low >>> 16;
    const ac = Math.imul(a, 0xdf25) >>> 0;
    const middle = (Math.imul(b, 0xdf25) >>> 0) + (ac >>> 16);
    const next = (Math.imul(a, 0x1e98) >>> 0) + (middle & 0xffff);
    const carried = Math.imul(b, 0x1e98) + (middle >>> 16) + (next >>> 16);
    const above = (carried + Math.imul(high, 0x1e98df25) + Math.imul(low, 0x9fb21c65)) | 0;
    const below = (next << 16) | (ac & 0xffff);
    low = (below << 27) | (above >>> 5);
    high = (above << 27) | (below >>> 5);
  }
  halves[0] = low;
  halves[1] = high;
  return mix(whole[0] ^ tail);
}

function wordsOf(bytes) {
  const wholeBytes = bytes.length - (bytes.length % 8);
  let tail = 0n;
  for (let i = bytes.length - 1; i >= wholeBytes; --i) tail = (tail << 8n) | BigInt(bytes[i]);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return [new Uint32Array(aligned.buffer, aligned.byteOffset, wholeBytes / 4), tail];
}

const hash = (index, bytes) => hashWords(index, ...wordsOf(bytes), bytes.length);

function payload(seed, index, length) {
  const words = new Uint32Array(2 * Math.ceil(length / 8));
  mix(seed ^ mix(index));
  for (let i = 0; i < words.length; i += 2) {
    mixHalves();
    words.set(halves, i);
  }
  return new Uint8Array(words.buffer, 0, length);
}

function waitNs(seed, i, shortestUs, longestUs) {
  const [low, high] = shortestUs < longestUs ? [shortestUs, longestUs] : [longestUs, shortestUs];
  return low * 1000 + Number(mix(seed ^ mix(BigInt(i))) % (BigInt(high - low) * 1000n + 1n));
}

module.exports = { mix, hash, hashWords, wordsOf, payload, waitNs, u64: (x) => BigInt.asUintN(64, x) };
