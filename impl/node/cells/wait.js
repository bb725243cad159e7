// SPDX-License-Identifier: MIT
// Timers have whole milliseconds and may be a little early: one more, so as never to be.
'use strict';
const { setTimeout: sleep } = require('timers/promises');

module.exports = (ns) => sleep(Math.ceil(ns / 1e6) + 1);
