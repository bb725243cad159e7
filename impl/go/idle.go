// SPDX-License-Identifier: MIT
package main

import (
	"sync"
	"sync/atomic"
)

// A goroutine a unit, which waits to receive from a channel that is closed to release all of them.
type idle struct{ seed, units, ballastBytes uint64 }

func makeIdle(asked *request) (session, error) {
	return &idle{asked.number("seed"), asked.param("units"), asked.param("ballast_bytes")}, nil
}

func (s *idle) run(probe *probe) (outcome, error) {
	var released, sum atomic.Uint64
	var arrived, joined sync.WaitGroup
	gate := make(chan struct{})
	live := func(i uint64) {
		defer joined.Done()
		ballast := make([]byte, s.ballastBytes)
		payload(s.seed, i, ballast)
		probe.begin(i)
		arrived.Done()
		<-gate
		probe.end(i)
		sum.Add(hash(s.seed^i, ballast))
		released.Add(1)
	}
	var made uint64
	for _, step := range []uint64{s.units / 4, s.units / 2, s.units} {
		arrived.Add(int(step - made))
		joined.Add(int(step - made))
		for ; made < step; made++ {
			go live(made)
		}
		arrived.Wait()
		probe.look()
	}
	close(gate)
	joined.Wait()
	return outcome{"released": released.Load(), "sum": sum.Load()}, nil
}

func (s *idle) close() {}
