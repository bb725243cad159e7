// SPDX-License-Identifier: MIT

// The process that is measured: one cell, asked over standard input. See impl/foreign/NOTES.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

type request struct {
	Do          string            `json:"do"`
	Params      map[string]uint64 `json:"params"`
	Workers     int               `json:"workers"`
	Seed        uint64            `json:"seed"`
	SlotFd      int               `json:"slot_fd"`
	Slots       int               `json:"slots"`
	BackendPort int               `json:"backend_port"`
	ListenFd    int               `json:"listen_fd"`
	StopPath    string            `json:"stop_path"`
}

type outcome map[string]uint64

// session is what lives from make to end; run is all that happens inside the clock.
type session interface {
	run(*probe) (outcome, error)
	close()
}

var makers = map[string]func(*request) (session, error){
	"waits":   makeWaits,
	"echo":    makeEcho,
	"fetch":   makeFetch,
	"spawn":   makeSpawn,
	"channel": makeChannel,
	"idle":    makeIdle,
}

type worker struct {
	lines    *bufio.Scanner
	session  session
	probe    *probe
	workload string
}

func answer(fields any) {
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		os.Exit(1) // the harness is gone
	}
}

// look has the harness look at this process while the run stands still.
func (w *worker) look() {
	answer(map[string]bool{"look": true})
	if !w.lines.Scan() {
		os.Exit(1)
	}
}

func (w *worker) make(asked *request) (map[string]any, error) {
	// Threads that run Go code; before the clock, for it stops the world.
	runtime.GOMAXPROCS(asked.Workers)
	var err error
	if w.probe, err = newProbe(asked, w.look); err != nil {
		return nil, err
	}
	started := w.probe.now()
	w.session, err = makers[w.workload](asked)
	return map[string]any{"make_ns": w.probe.now() - started}, err
}

func (w *worker) obey(asked *request) (map[string]any, error) {
	if asked.Do == "make" {
		return w.make(asked)
	}
	started := w.probe.now()
	if asked.Do == "run" {
		found, err := w.session.run(w.probe)
		return map[string]any{"run_ns": w.probe.now() - started, "started_ns": started, "outcome": found}, err
	}
	w.session.close()
	return map[string]any{"destroy_ns": w.probe.now() - started}, nil
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--library" {
		fmt.Println("Go", runtime.Version()[len("go"):])
		return
	}
	if len(os.Args) < 2 || makers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "worker WORKLOAD [VARIANT]: asked over standard input, see impl/foreign/NOTES.md")
		os.Exit(64)
	}
	this := &worker{lines: bufio.NewScanner(os.Stdin), workload: os.Args[1]}
	answer(map[string]bool{"up": true})
	for this.lines.Scan() {
		var asked request
		if err := json.Unmarshal(this.lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if fields, err := this.obey(&asked); err != nil {
			answer(map[string]string{"verdict": "crashed", "reason": err.Error()})
		} else {
			answer(fields)
		}
	}
}
