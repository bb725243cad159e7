// SPDX-License-Identifier: MIT
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tagBytes     = 8
	askedAgain   = uint64(1) << 63
	backendShift = 56
)

// What a gateway of this session needs to know.
type gatewayParams struct {
	backends, answerBytes uint64
	limit                 time.Duration
	address               string
	retries               *atomic.Uint64
}

// A connection to one backend, and how much of its next answer has come.
type backendLink struct {
	net.Conn
	number  uint64
	answer  []byte
	arrived int
}

// The goroutine of a connection reads a request and starts one for each backend, which asks, reads with a deadline, asks
// again when it has passed, and reads on; a WaitGroup joins them.
func makeGateway(asked *request) (session, error) {
	with := &gatewayParams{
		asked.param("backends"), asked.param("answer_bytes"), time.Duration(asked.param("limit_us")) * time.Microsecond,
		fmt.Sprintf("127.0.0.1:%d", asked.number("backend_port")), &atomic.Uint64{},
	}
	made, err := makeServer(asked, with.serve, "requests")
	return &gatewaySession{made, with.retries}, err
}

type gatewaySession struct {
	session
	retries *atomic.Uint64
}

func (g *gatewaySession) run(probe *probe) (outcome, error) {
	found, err := g.session.run(probe)
	if err == nil {
		found["retries"] = g.retries.Load()
	}
	return found, err
}

func (g *gatewayParams) connect() (links []*backendLink, err error) {
	for i := uint64(0); i < g.backends; i++ {
		link, err := net.Dial("tcp", g.address)
		if err != nil {
			return links, err
		}
		links = append(links, &backendLink{link, i, make([]byte, tagBytes+g.answerBytes), 0})
	}
	return
}

func (g *gatewayParams) serve(peer net.Conn) (answered uint64) {
	defer peer.Close()
	links, err := g.connect()
	defer func() {
		for _, link := range links {
			link.Close()
		}
	}()
	if err != nil {
		return // no backend, or no descriptor for it: this client is turned away
	}
	message, reply := make([]byte, 8), make([]byte, g.backends*g.answerBytes)
	for {
		if _, err := io.ReadFull(peer, message); err != nil {
			return
		}
		if !g.ask(links, binary.LittleEndian.Uint64(message), reply) {
			return
		}
		if _, err := peer.Write(reply); err != nil {
			return
		}
		answered++
	}
}

func (g *gatewayParams) ask(links []*backendLink, number uint64, reply []byte) bool {
	var asking sync.WaitGroup
	var lost atomic.Bool
	asking.Add(len(links))
	for _, link := range links {
		go func(link *backendLink) {
			defer asking.Done()
			if g.askOne(link, number, reply[link.number*g.answerBytes:(link.number+1)*g.answerBytes]) != nil {
				lost.Store(true)
			}
		}(link)
	}
	asking.Wait()
	return !lost.Load()
}

func (g *gatewayParams) askOne(link *backendLink, number uint64, into []byte) error {
	tag := number&(1<<backendShift-1) | link.number<<backendShift
	question := binary.LittleEndian.AppendUint64(nil, tag)
	if _, err := link.Write(question); err != nil {
		return err
	}
	if err := link.SetReadDeadline(time.Now().Add(g.limit)); err != nil {
		return err
	}
	err := link.hear(tag, into)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	g.retries.Add(1)
	if _, err := link.Write(binary.LittleEndian.AppendUint64(nil, tag|askedAgain)); err != nil {
		return err
	}
	if err := link.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return link.hear(tag, into)
}

// hear reads answers until there is one to this question; late ones are passed over. After a deadline it goes on where
// it was.
func (l *backendLink) hear(tag uint64, into []byte) error {
	for {
		for l.arrived < len(l.answer) {
			count, err := l.Read(l.answer[l.arrived:])
			l.arrived += count
			if err != nil {
				return err
			}
		}
		l.arrived = 0
		if binary.LittleEndian.Uint64(l.answer) == tag {
			copy(into, l.answer[tagBytes:])
			return nil
		}
	}
}
