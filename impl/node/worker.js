#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The process that is measured: one cell, asked over standard input as docs/worker-protocol.md says.
'use strict';
const path = require('path');

const [workload, variant] = process.argv.slice(2);
if (workload === '--describe') {
  console.log(JSON.stringify(require('./table'), null, 1));
} else {
  require('./protocol').serve(require(`./cells/${path.basename(workload)}`), variant);
}
