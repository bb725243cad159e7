// SPDX-License-Identifier: MIT
package main

import (
	"sync"
	"time"
)

// A goroutine a wait, in time.Sleep: a timer in the heap of its P, no thread.
type waits struct {
	seed, shortestUs, longestUs uint64
	marks                       []uint64
}

func makeWaits(asked *request) (session, error) {
	marks := make([]uint64, asked.param("waits"))
	return &waits{asked.number("seed"), asked.param("shortest_us"), asked.param("longest_us"), marks}, nil
}

func (w *waits) run(probe *probe) (outcome, error) {
	var all sync.WaitGroup
	all.Add(len(w.marks))
	for i := range w.marks {
		w.marks[i] = 0
		go func(i uint64) {
			defer all.Done()
			length := time.Duration(waitNs(w.seed, i, w.shortestUs, w.longestUs))
			probe.begin(i)
			time.Sleep(length)
			probe.end(i)
			w.marks[i] = mix(i)
		}(uint64(i))
	}
	all.Wait()
	var completed, checksum uint64
	for _, mark := range w.marks {
		if mark != 0 {
			completed++
		}
		checksum += mark
	}
	return outcome{"completed": completed, "checksum": checksum}, nil
}

func (w *waits) close() {}
