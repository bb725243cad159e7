// SPDX-License-Identifier: MIT
package main

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

const echoBufferBytes = 16_384

// A goroutine a connection that reads and writes as if it blocked; the runtime's network poller does the rest.
type server struct {
	listener net.Listener
	stop     *os.File
	serve    func(net.Conn) uint64 // until the peer has gone; what it counted
	counted  string                // the name of that sum in the outcome
}

// owned duplicates a descriptor of the harness, for what Go is given it closes.
func owned(descriptor int, name string) (*os.File, error) {
	copied, err := syscall.Dup(descriptor)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(copied)
	// The poller takes only what does not block.
	if err := syscall.SetNonblock(copied, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(copied), name), nil
}

func makeEcho(asked *request) (session, error) {
	return makeServer(asked, echo, "echoed_bytes")
}

func makeServer(asked *request, serve func(net.Conn) uint64, counted string) (session, error) {
	handed, err := owned(asked.descriptor("listen_fd"), "listener")
	if err != nil {
		return nil, err
	}
	defer handed.Close()
	listener, err := net.FileListener(handed) // on a duplicate
	if err != nil {
		return nil, err
	}
	stop, err := owned(asked.descriptor("stop_fd"), "stop")
	return &server{listener, stop, serve, counted}, err
}

func (e *server) run(*probe) (outcome, error) {
	var accepted, counted atomic.Uint64
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
				counted.Add(e.serve(peer))
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
	return outcome{"accepted": accepted.Load(), e.counted: counted.Load()}, nil
}

// echo sends back what comes until the peer closes or is gone; TCP_NODELAY is Go's default.
func echo(peer net.Conn) (echoed uint64) {
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

func (e *server) close() {
	e.listener.Close() // again, if it has run
	e.stop.Close()
}
