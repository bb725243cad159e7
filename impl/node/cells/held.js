// SPDX-License-Identifier: MIT
// The server of echo, asked for little on many connections.
'use strict';
module.exports = require('./echo');
