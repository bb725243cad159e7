// SPDX-License-Identifier: MIT

// The process that is measured: one cell, asked over standard input as docs/worker-protocol.md says.
package main

import (
	"fmt"
	"os"
)

// session is what lives from make to stop; run is all that happens inside the clock.
type session interface {
	run(*probe) (outcome, error)
	close()
}

type maker func(*request) (session, error)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--describe" {
		fmt.Println(describe())
		return
	}
	if len(os.Args) != 3 || makers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "worker --describe, or worker WORKLOAD VARIANT: see docs/worker-protocol.md")
		os.Exit(64)
	}
	converse(makers[os.Args[1]])
}
