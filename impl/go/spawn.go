// SPDX-License-Identifier: MIT
package main

// A goroutine a unit; each hands its value to who joins it through a channel with room for the whole batch, so that
// none waits to be joined.
type spawn struct{ seed, units, atOnce uint64 }

func makeSpawn(asked *request) (session, error) {
	return &spawn{asked.number("seed"), asked.param("units"), asked.param("at_once")}, nil
}

func (s *spawn) run(*probe) (outcome, error) {
	var joined, sum uint64
	values := make(chan uint64, s.atOnce)
	for first := uint64(0); first < s.units; first += s.atOnce {
		for i := first; i < first+s.atOnce; i++ {
			go func(i uint64) { values <- mix(s.seed ^ i) }(i)
		}
		for i := uint64(0); i < s.atOnce; i++ {
			sum += <-values
			joined++
		}
	}
	return outcome{"joined": joined, "sum": sum}, nil
}

func (s *spawn) close() {}
