// SPDX-License-Identifier: MIT
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// A goroutine a slot with a connection of its own, in calls that look as if they blocked.
type fetch struct {
	requests, responseBytes uint64
	slots                   []net.Conn
}

func makeFetch(asked *request) (session, error) {
	made := &fetch{asked.param("requests"), asked.param("response_bytes"), make([]net.Conn, asked.param("in_flight"))}
	for i := range made.slots {
		slot, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", asked.number("backend_port")))
		if err != nil {
			return nil, err
		}
		made.slots[i] = slot
	}
	return made, nil
}

type fetched struct {
	count, checksum uint64
	err             error
}

func (f *fetch) slot(first uint64, probe *probe) (found fetched) {
	request, response := make([]byte, 8), make([]byte, f.responseBytes)
	for index := first; index < f.requests; index += uint64(len(f.slots)) {
		binary.LittleEndian.PutUint64(request, index)
		probe.begin(index)
		if _, found.err = f.slots[first].Write(request); found.err != nil {
			return
		}
		if _, found.err = io.ReadFull(f.slots[first], response); found.err != nil {
			return
		}
		probe.end(index)
		found.checksum += hash(index, response)
		found.count++
	}
	return
}

func (f *fetch) run(probe *probe) (outcome, error) {
	all := make([]fetched, len(f.slots))
	var working sync.WaitGroup
	working.Add(len(all))
	for i := range all {
		go func(i int) {
			defer working.Done()
			all[i] = f.slot(uint64(i), probe)
		}(i)
	}
	working.Wait()
	var sum fetched
	for _, one := range all {
		if one.err != nil {
			return nil, one.err
		}
		sum.count += one.count
		sum.checksum += one.checksum
	}
	return outcome{"responses": sum.count, "checksum": sum.checksum}, nil
}

func (f *fetch) close() {
	for _, slot := range f.slots {
		slot.Close()
	}
}
