#!/bin/sh
# SPDX-License-Identifier: MIT
parse=5.0
[ "${EXAMPLE:-}" != slower ] || parse=5.35
echo "a line for people"
echo "{\"scenario\": \"parse\", \"metrics\": {\"time\": $parse, \"rate\": 7}}"
[ "${EXAMPLE:-}" = stopped ] || echo '{"scenario": "print", "metrics": {"time": 3.0}}'
