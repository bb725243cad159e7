// SPDX-License-Identifier: MIT
package main

import (
	"io"
	"net"
	"time"
)

// The goroutine of a connection reads a request, sleeps and answers.
func makeDelay(asked *request) (session, error) {
	length := time.Duration(asked.param("delay_us")) * time.Microsecond
	bytes := asked.param("message_bytes")
	serve := func(peer net.Conn) (answered uint64) {
		defer peer.Close()
		message := make([]byte, bytes)
		for {
			if _, err := io.ReadFull(peer, message); err != nil {
				return
			}
			time.Sleep(length)
			if _, err := peer.Write(message); err != nil {
				return
			}
			answered++
		}
	}
	return makeServer(asked, serve, "requests")
}
