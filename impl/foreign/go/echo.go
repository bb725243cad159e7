// SPDX-License-Identifier: MIT
package main

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
)

const echoBufferBytes = 16_384

// A goroutine a connection that reads and writes as if it blocked; the runtime's network poller does the rest.
type echo struct {
	handed   *os.File // the harness's descriptor; kept, for a file that nothing refers to is closed
	listener net.Listener
	stop     *os.File
}

func makeEcho(asked *request) (session, error) {
	handed := os.NewFile(uintptr(asked.ListenFd), "listener")
	listener, err := net.FileListener(handed) // on a duplicate
	if err != nil {
		return nil, err
	}
	stop, err := os.Open(asked.StopPath)
	return &echo{handed, listener, stop}, err
}

func (e *echo) run(*probe) (outcome, error) {
	var accepted, echoed atomic.Uint64
	var serving sync.WaitGroup
	var guard sync.Mutex
	open := map[net.Conn]struct{}{}
	serving.Add(1)
	go func() {
		defer serving.Done()
		for {
			peer, err := e.listener.Accept()
			if err != nil {
				return // closed
			}
			accepted.Add(1)
			guard.Lock()
			open[peer] = struct{}{}
			guard.Unlock()
			serving.Add(1)
			go func() {
				defer serving.Done()
				echoed.Add(serve(peer))
				guard.Lock()
				delete(open, peer)
				guard.Unlock()
			}()
		}
	}()
	_, _ = e.stop.Read(make([]byte, 1)) // until the load generator ends
	e.listener.Close()
	guard.Lock()
	for peer := range open {
		peer.Close()
	}
	guard.Unlock()
	serving.Wait()
	return outcome{"accepted": accepted.Load(), "echoed_bytes": echoed.Load()}, nil
}

// serve echoes until the peer closes or is gone; TCP_NODELAY is Go's default.
func serve(peer net.Conn) (echoed uint64) {
	defer peer.Close()
	buffer := make([]byte, echoBufferBytes)
	for {
		count, err := peer.Read(buffer)
		if err != nil {
			return
		}
		if _, err := peer.Write(buffer[:count]); err != nil {
			return
		}
		echoed += uint64(count)
	}
}

func (e *echo) close() { e.stop.Close() }
