// SPDX-License-Identifier: MIT
package main

import (
	"encoding/json"
	"runtime"
	"sort"
	"strings"
)

var makers = map[string]maker{
	"waits":   makeWaits,
	"echo":    makeEcho,
	"held":    makeEcho,
	"delay":   makeDelay,
	"gateway": makeGateway,
	"fetch":   makeFetch,
	"spawn":   makeSpawn,
	"channel": makeChannel,
	"idle":    makeIdle,
}

// Knobs that differ from what the language does by itself, or that a reader should know.
var ledgers = map[string]string{
	"echo":    "TCP_NODELAY=on; buffer_bytes=16384 a connection",
	"held":    "TCP_NODELAY=on; buffer_bytes=16384 a connection",
	"delay":   "TCP_NODELAY=on",
	"gateway": "TCP_NODELAY=on; a goroutine a backend and request",
	"fetch":   "TCP_NODELAY=on",
}

// GOMAXPROCS bounds the threads that run Go; sysmon and those kept for the next blocking call are beside them.
const keptThreads = 4

func describe() string {
	names := []string{}
	for workload := range makers {
		names = append(names, workload)
	}
	sort.Strings(names)
	cells := []map[string]any{}
	for _, workload := range names {
		ledger := strings.TrimPrefix(ledgers[workload]+"; GOMAXPROCS=workers", "; ")
		cells = append(cells, map[string]any{"workload": workload, "ledger": ledger, "runtime_threads": keptThreads})
	}
	text, err := json.MarshalIndent(map[string]any{
		"protocol": 1,
		"summary":  "Go: goroutines, channels and the net package",
		"library":  "Go " + strings.TrimPrefix(runtime.Version(), "go"),
		"cells":    cells,
	}, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
