// SPDX-License-Identifier: MIT
package main

import "sync"

type item struct{ producer, value uint64 }

// A buffered channel of the language, a goroutine a producer.
type channel struct{ seed, producers, items, capacity uint64 }

func makeChannel(asked *request) (session, error) {
	return &channel{asked.number("seed"), asked.param("producers"), asked.param("items"), asked.param("capacity")}, nil
}

func (c *channel) produce(to chan<- item, producer uint64) {
	for i := uint64(0); i < c.items; i++ {
		to <- item{producer, mix(c.seed ^ (producer*c.items + i))}
	}
}

func (c *channel) run(*probe) (outcome, error) {
	items := make(chan item, c.capacity)
	var producing sync.WaitGroup
	producing.Add(int(c.producers))
	for producer := uint64(0); producer < c.producers; producer++ {
		go func(producer uint64) {
			defer producing.Done()
			c.produce(items, producer)
		}(producer)
	}
	chains := make([]uint64, c.producers)
	var taken uint64
	var most int
	for taken < c.producers*c.items {
		if queued := len(items); queued > most {
			most = queued
		}
		got := <-items
		chains[got.producer] = mix(chains[got.producer] + got.value)
		taken++
	}
	producing.Wait()
	var digest uint64
	for producer, chain := range chains {
		digest += mix(chain ^ uint64(producer))
	}
	return outcome{"taken": taken, "digest": digest, "most_queued": uint64(most)}, nil
}

func (c *channel) close() {}
